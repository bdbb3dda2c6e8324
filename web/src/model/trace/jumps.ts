// Where a span leads: its log lines, the metrics of its operation, traces like it. Addresses and what they carry.
import { quote } from '@/model/labels';
import { exploreSearch } from '@/model/places';
import { absolute } from '@/model/timeRange';
import { plus, toMillis } from './instant';
import { quoteValue } from './query';
import type { Span, Trace } from './trace';

export interface Jump {
  path: string;
  search: Record<string, string>;
}

const MINUTE_MS = 60_000;

function around(trace: Trace, before: number, after: number): { from: string; to: string } {
  const start = toMillis(trace.start);
  return absolute(start - before, toMillis(plus(trace.start, trace.duration)) + after);
}

/** Lines are written while a span runs, and flushed a little later. */
export function logsOfSpan(trace: Trace, span: Span): Jump {
  return { path: '/logs', search: { q: `span_id:${span.id}`, ...around(trace, MINUTE_MS, 5 * MINUTE_MS) } };
}

export function logsOfTrace(trace: Trace): Jump {
  return { path: '/logs', search: { q: `trace_id:${trace.id}`, ...around(trace, MINUTE_MS, 5 * MINUTE_MS) } };
}

/** How long the operation takes, from the metrics that are derived from all its spans. */
export function metricsOfSpan(trace: Trace, span: Span): Jump {
  const labels = `service_name=${quote(span.service)},span_name=${quote(span.name)}`;
  const rate = `rate(traces_span_metrics_duration_milliseconds_bucket{${labels}}[5m])`;
  const query = `histogram_quantile(0.95, sum by (le) (${rate}))`;
  return {
    path: '/explore/metrics',
    search: { ...exploreSearch(query), ...around(trace, 30 * MINUTE_MS, 30 * MINUTE_MS) },
  };
}

/** Its requests, errors and durations around the trace. */
export function serviceOfSpan(trace: Trace, span: Span): Jump {
  return {
    path: `/services/${encodeURIComponent(span.service)}`,
    search: around(trace, 30 * MINUTE_MS, 30 * MINUTE_MS),
  };
}

/** Other runs of the same operation, the slowest first. */
export function tracesLike(span: Span): Jump {
  return { path: '/traces', search: { service: span.service, operation: span.name, order: 'slowest' } };
}

export function tracesWith(key: string, value: string | number | boolean): Jump {
  return { path: '/traces', search: { q: `${key}:${typeof value === 'string' ? quoteValue(value) : String(value)}` } };
}
