// /api/pharos/search…: wide events, which are log records, spans and errors, found by one search language.
import { encodeParams, read, readEvents } from './client';

export type EventKind = 'log' | 'span' | 'error';

export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue };
export type Attributes = Record<string, AttributeValue>;

export interface WireScope {
  name?: string;
  version?: string;
}

/** What every event has. Times are RFC 3339 in UTC with nanoseconds, ids are lower hex. */
interface WireCommon {
  id: string;
  time: string;
  service?: string;
  environment?: string;
  release?: string;
  host?: string;
  user?: string;
  scope?: WireScope;
  attributes?: Attributes;
  resource?: Attributes;
}

/** A log record; an error has the same fields, its type in `event_name` and its message in `body`. */
export interface WireLog extends WireCommon {
  kind: 'log' | 'error';
  observed_time?: string;
  /** 0–24 as OpenTelemetry counts: 9 is info, 13 warn, 17 error; 0 is unknown. */
  severity: number;
  severity_text?: string;
  body: string;
  body_is_json?: boolean;
  event_name?: string;
  trace_id?: string | null;
  span_id?: string | null;
  /** Long texts are cut: `eventContext` has the whole. */
  clipped?: boolean;
}

export type SpanKind = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type SpanStatus = 'unset' | 'ok' | 'error';

export interface WireSpanEvent {
  time: string;
  name: string;
  attributes?: Attributes;
}

export interface WireSpanLink {
  trace_id: string;
  span_id: string;
  attributes?: Attributes;
}

export interface WireSpan extends WireCommon {
  kind: 'span';
  duration_ns: number;
  trace_id: string;
  span_id: string;
  parent_span_id?: string | null;
  name: string;
  span_kind?: SpanKind;
  status?: SpanStatus;
  status_message?: string;
  events?: WireSpanEvent[];
  links?: WireSpanLink[];
  trace_state?: string;
  flags?: number;
  /** What the sender left out by its own limits. */
  dropped_attributes?: number;
  dropped_events?: number;
  dropped_links?: number;
}

export type WireEvent = WireLog | WireSpan;
export type EventOf<K extends EventKind> = K extends 'span' ? WireSpan : WireLog;

/** Which events: a kind, a search, a time range in seconds since 1970. */
export interface EventQuery<K extends EventKind = EventKind> {
  kind: K;
  q: string;
  start: number;
  end: number;
}

export interface SearchStats {
  scanned_rows?: number;
  matched_rows?: number;
  files?: number;
  took_ms?: number;
  /** The answer ends before all was looked at: time, memory or rows ran out. */
  partial?: boolean;
  warnings?: string[];
}

export interface WireSearch<E extends WireEvent = WireEvent> {
  events: E[];
  next: string | null;
  stats?: SearchStats;
}

export interface SearchOptions {
  limit?: number;
  cursor?: string;
  order?: 'desc' | 'asc';
  /** Bytes of a text of a log record at most. */
  clip?: number;
}

const BASE = '/api/pharos/search';

export function searchEvents<K extends EventKind>(
  query: EventQuery<K>,
  options: SearchOptions = {},
  signal?: AbortSignal,
): Promise<WireSearch<EventOf<K>>> {
  return readEvents(BASE, { ...query, ...options }, signal);
}

export interface WireHistogram {
  start: string;
  step_ns: number;
  series: { key: string; counts: number[] }[];
  total: number;
  stats?: SearchStats;
}

export function eventHistogram(
  query: EventQuery,
  options: { buckets: number; by?: string },
  signal?: AbortSignal,
): Promise<WireHistogram> {
  return read(`${BASE}/histogram`, { ...query, ...options }, signal);
}

export interface WireTop {
  field: string;
  values: { value: AttributeValue; count: number }[];
  total: number;
  missing: number;
  distinct: number;
  distinct_exact?: boolean;
}

/** The commonest values of a field. */
export function topValues(
  query: EventQuery,
  options: { field: string; limit: number },
  signal?: AbortSignal,
): Promise<WireTop> {
  return read(`${BASE}/top`, { ...query, ...options }, signal);
}

export type FieldScope = 'builtin' | 'attribute' | 'resource' | 'scope';

export interface WireField {
  name: string;
  scope: FieldScope;
  type: string;
  count: number;
  sampled?: boolean;
}

export async function eventFields(query: EventQuery, signal?: AbortSignal): Promise<WireField[]> {
  return (await read<{ fields: WireField[] }>(`${BASE}/fields`, { ...query }, signal)).fields;
}

export interface GroupOptions {
  by: string[];
  /** `count`, `avg(duration)`, `p95(duration)`, `error_rate`. */
  agg: string[];
  limit?: number;
  order?: string;
}

export interface WireGroups {
  columns: { name: string; type: string; unit?: string }[];
  rows: (string | number | boolean | null)[][];
  /** How many there were; more than rows when the limit cut them. */
  groups?: number;
  stats?: SearchStats;
}

export function groupEvents(query: EventQuery, options: GroupOptions, signal?: AbortSignal): Promise<WireGroups> {
  const { by, agg, ...rest } = options;
  return read(`${BASE}/group`, { ...query, ...rest, by: by.join(','), agg: agg.join(',') }, signal);
}

export interface WirePattern {
  /** `connection to <*> reset` */
  template: string;
  count: number;
  severity: Record<string, number>;
  sample: WireLog;
  first: string;
  last: string;
  counts: number[];
}

export interface WirePatterns {
  patterns: WirePattern[];
  sampled: boolean;
  /** Lines looked at; all counts are of these. */
  lines?: number;
  stats?: SearchStats;
}

export function logPatterns(
  query: Omit<EventQuery, 'kind'>,
  options: { limit?: number; buckets?: number } = {},
  signal?: AbortSignal,
): Promise<WirePatterns> {
  return readEvents(`${BASE}/patterns`, { ...query, ...options }, signal);
}

export interface WireContext {
  before: WireLog[];
  event: WireLog;
  after: WireLog[];
}

/** What the same process said around an event. */
export function eventContext(
  id: string,
  options: { before?: number; after?: number; clip?: number } = {},
  signal?: AbortSignal,
): Promise<WireContext> {
  return readEvents(`${BASE}/context`, { id, ...options }, signal);
}

/** For an `EventSource`: `events` brings lists of events, `dropped` a count of those that were too many. */
export function tailAddress(kind: EventKind, q: string, clip: number): string {
  return `${BASE}/tail?${encodeParams({ kind, q, clip }).toString()}`;
}

/** Waiting for it longer means that the tail would be given now. */
const REFUSAL_MS = 3000;

/** Why a tail is not given: an `EventSource` does not tell. */
export async function tailRefusal(kind: EventKind, q: string, clip: number, signal: AbortSignal): Promise<unknown> {
  const shortly = AbortSignal.any([signal, AbortSignal.timeout(REFUSAL_MS)]);
  return read(`${BASE}/tail`, { kind, q, clip }, shortly).then(
    () => null,
    (why: unknown) => why,
  );
}

export interface WireOption {
  label: string;
  kind: 'field' | 'value' | 'operator';
  detail?: string;
}

export interface WireCompletion {
  /** The text that an option takes the place of, in bytes of UTF-8. */
  from: number;
  to: number;
  options: WireOption[];
}

/** `cursor` is a place in `q`, in bytes of UTF-8. */
export function completeSearch(
  kind: EventKind,
  q: string,
  cursor: number,
  signal?: AbortSignal,
): Promise<WireCompletion> {
  return read(`${BASE}/complete`, { kind, q, cursor }, signal);
}
