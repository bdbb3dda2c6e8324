// /api/pharos/traces: traces by what their spans hold, and one trace by its id.
import { read } from './client';
import type { SearchStats, WireSpan } from './events';

export type TraceOrder = 'recent' | 'slowest';

export interface TraceQuery {
  q: string;
  /** Seconds since 1970. */
  start: number;
  end: number;
  limit: number;
  /** `500ms`, `1.5s`. */
  min_duration?: string | undefined;
  max_duration?: string | undefined;
  order: TraceOrder;
  /** `next` of the answer before. */
  cursor?: string | undefined;
}

export interface WireTraceService {
  name: string;
  spans: number;
  errors: number;
}

export interface WireTraceSummary {
  trace_id: string;
  start: string;
  duration_ns: number;
  /** Null when the root span has not come. */
  root: { service: string; name: string } | null;
  spans: number;
  errors: number;
  services: WireTraceService[];
  /** How many of its spans the search found. */
  matched: number;
  /** There is a root, and the parent of every span. */
  complete: boolean;
}

export interface WireTraces {
  traces: WireTraceSummary[];
  next: string | null;
  stats?: SearchStats;
}

export function searchTraces(query: TraceQuery, signal?: AbortSignal): Promise<WireTraces> {
  return read('/api/pharos/traces', { ...query }, signal);
}

export interface WireTrace {
  trace_id: string;
  start: string;
  duration_ns: number;
  spans: WireSpan[];
  services?: (string | WireTraceService)[];
  /** More spans than the server gives in one answer. */
  truncated?: boolean;
  warnings?: string[];
}

export function traceById(id: string, signal?: AbortSignal): Promise<WireTrace> {
  return read(`/api/pharos/traces/${encodeURIComponent(id)}`, {}, signal);
}
