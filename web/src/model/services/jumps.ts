// Where a service leads: its traces, its log lines, its place on the map. Addresses and what they carry.
import type { Jump } from '@/model/trace/jumps';
import type { TimeRange } from '@/model/timeRange';

export interface TraceChoice {
  operation?: string;
  errors?: boolean;
  slowest?: boolean;
  q?: string;
}

export function tracesOf(service: string, range: TimeRange, choice: TraceChoice = {}): Jump {
  return {
    path: '/traces',
    search: {
      ...(choice.q === undefined ? {} : { q: choice.q }),
      service,
      ...(choice.operation === undefined ? {} : { operation: choice.operation }),
      ...(choice.errors === true ? { errors: '1' } : {}),
      ...(choice.slowest === true ? { order: 'slowest' } : {}),
      ...range,
    },
  };
}

export function logsOf(service: string, range: TimeRange, more = ''): Jump {
  return { path: '/logs', search: { service, ...(more === '' ? {} : { q: more }), ...range } };
}

export function mapOf(service: string, range: TimeRange): Jump {
  return { path: '/map', search: { service, ...range } };
}

export function serviceAt(service: string, range: TimeRange): Jump {
  return { path: `/services/${encodeURIComponent(service)}`, search: { ...range } };
}
