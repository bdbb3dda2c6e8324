// A trace from a file or the clipboard: OTLP JSON (also as lines, as the Collector's file exporter writes it, or within
// Tempo's or Jaeger's answers), Jaeger's own JSON, or what this application downloads. Bad input is said, not thrown.
import type { WireSpan } from '@/api/events';
import type { WireTrace } from '@/api/traces';
import { between, parseInstant } from './instant';
import { readJaeger } from './traceFileJaeger';
import { readOtlp } from './traceFileOtlp';

export interface TraceFile {
  /** The one with most spans first. */
  traces: WireTrace[];
  /** Spans that were left out, and why. */
  problems: string[];
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

/** What a format's reader found: spans, and what it could not read. */
export interface FoundSpans {
  spans: WireSpan[];
  problems: string[];
}

export function readTraceFile(text: string): TraceFile {
  const documents = parse(text);
  if (documents === null) return { traces: [], problems: ['This is not JSON.'] };
  const found = documents.map(read);
  const problems = [...new Set(found.flatMap((one) => one.problems))];
  const traces = gather(found.flatMap((one) => one.spans));
  if (traces.length === 0 && problems.length === 0) {
    problems.push('There are no spans in this. OTLP JSON and Jaeger JSON are understood.');
  }
  return { traces, problems };
}

/** One document, or one a line. */
function parse(text: string): Json[] | null {
  const trimmed = text.trim();
  const whole = tryParse(trimmed);
  if (whole !== undefined) return [whole];
  const lines = trimmed.split('\n').filter((line) => line.trim() !== '');
  const all = lines.map(tryParse);
  return lines.length < 2 || all.includes(undefined) ? null : (all as Json[]);
}

function tryParse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function read(document: Json): FoundSpans {
  if (Array.isArray(document)) return merge(document.map(read));
  if (!isObject(document)) return { spans: [], problems: [] };
  const within = ['result', 'trace'].map((key) => document[key]).find(isObject);
  if (within !== undefined) return read(within);
  if (Array.isArray(document['resourceSpans'] ?? document['resource_spans'] ?? document['batches']))
    return readOtlp(document);
  if (Array.isArray(document['data'])) return merge(document['data'].map(read));
  if (typeof document['traceID'] === 'string' && Array.isArray(document['spans'])) return readJaeger(document);
  if (typeof document['trace_id'] === 'string' && Array.isArray(document['spans'])) return readOwn(document);
  return { spans: [], problems: [] };
}

function merge(all: readonly FoundSpans[]): FoundSpans {
  return { spans: all.flatMap((one) => one.spans), problems: all.flatMap((one) => one.problems) };
}

function readOwn(document: JsonObject): FoundSpans {
  const spans = (document['spans'] as Json[]).filter(isObject).map((span) => span as unknown as WireSpan);
  const isWhole = (span: WireSpan): boolean => typeof span.time === 'string' && typeof span.span_id === 'string';
  const left = spans.filter((span) => !isWhole(span)).length;
  return {
    spans: spans
      .filter(isWhole)
      .map((span) => ({ ...span, duration_ns: Number(span.duration_ns) || 0, name: String(span.name) })),
    problems: left === 0 ? [] : [`${left} of ${spans.length} spans have no time or no id.`],
  };
}

/** A file may hold many traces. */
function gather(spans: readonly WireSpan[]): WireTrace[] {
  const byTrace = new Map<string, WireSpan[]>();
  for (const span of spans) {
    const known = byTrace.get(span.trace_id);
    if (known === undefined) byTrace.set(span.trace_id, [span]);
    else known.push(span);
  }
  return [...byTrace].map(([id, all]) => toTrace(id, all)).sort((a, b) => b.spans.length - a.spans.length);
}

function toTrace(id: string, spans: WireSpan[]): WireTrace {
  const first = spans.reduce((best, span) => (span.time < best.time ? span : best));
  const start = parseInstant(first.time);
  const ends = spans.map((span) => {
    const at = parseInstant(span.time);
    return start === null || at === null ? 0 : between(start, at) + span.duration_ns;
  });
  return {
    trace_id: id,
    start: first.time,
    duration_ns: ends.reduce((most, end) => Math.max(most, end), 0),
    spans,
  };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first of the names that is there: camel case as the specification says, snake case as some write. */
export function pick(from: JsonObject, ...names: string[]): Json | undefined {
  return names.map((name) => from[name]).find((value) => value !== undefined && value !== null);
}

export function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
