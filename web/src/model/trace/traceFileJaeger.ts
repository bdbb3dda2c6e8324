// Jaeger's JSON, as its screen downloads it: microseconds, tags, references, processes.
import type { Attributes, AttributeValue, SpanKind, WireSpan } from '@/api/events';
import { plus, printInstant } from './instant';
import { isObject, listOf, textOf, type FoundSpans, type Json, type JsonObject } from './traceFile';
import { fromResource } from './traceFileOtlp';

export function readJaeger(document: JsonObject): FoundSpans {
  const processes = isObject(document['processes']) ? document['processes'] : {};
  const all = listOf(document['spans']);
  const spans = all
    .map((span) => readSpan(span, processes, textOf(document['traceID'])))
    .filter((span) => span !== null);
  const left = all.length - spans.length;
  return { spans, problems: left === 0 ? [] : [`${left} of ${all.length} spans have no id or no start time.`] };
}

function readSpan(one: JsonObject, processes: JsonObject, traceId: string): WireSpan | null {
  const id = textOf(one['spanID']).toLowerCase();
  const start = one['startTime'];
  if (id === '' || typeof start !== 'number') return null;
  const tags = attributesOf(one['tags']);
  const named = isObject(one['process']) ? one['process'] : processes[textOf(one['processID'])];
  const process = isObject(named) ? named : {};
  const resource = attributesOf(process['tags']);
  const references = listOf(one['references']);
  const parent =
    references.find((ref) => ref['refType'] === 'CHILD_OF') ??
    references.find((ref) => textOf(ref['traceID']) === traceId);
  const span: WireSpan = {
    ...fromResource(resource),
    id,
    kind: 'span',
    time: timeOf(start),
    duration_ns: Math.round(Number(one['duration'] ?? 0) * 1000) || 0,
    trace_id: textOf(one['traceID']) || traceId,
    span_id: id,
    parent_span_id:
      (parent === undefined ? textOf(one['parentSpanID']) : textOf(parent['spanID'])).toLowerCase() || null,
    name: textOf(one['operationName']),
    service: textOf(process['serviceName']) || 'unknown',
    span_kind: kindOf(tags['span.kind']),
    status: isError(tags) ? 'error' : tags['otel.status_code'] === 'OK' ? 'ok' : 'unset',
    status_message: textOf(tags['otel.status_description'] as Json),
    attributes: without(tags, 'span.kind', 'error', 'otel.status_code', 'otel.status_description'),
    resource,
    events: listOf(one['logs']).map((log) => {
      const fields = attributesOf(log['fields']);
      const name = textOf(fields['event'] as Json) || 'log';
      return { time: timeOf(Number(log['timestamp'])), name, attributes: without(fields, 'event') };
    }),
    links: references
      .filter((ref) => ref !== parent)
      .map((ref) => ({ trace_id: textOf(ref['traceID']), span_id: textOf(ref['spanID']) })),
  };
  return span;
}

function timeOf(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  return printInstant(plus({ seconds, nanos: 0 }, Math.round((micros - seconds * 1e6) * 1000)));
}

function kindOf(value: AttributeValue | undefined): SpanKind {
  const kinds: SpanKind[] = ['server', 'client', 'producer', 'consumer'];
  return kinds.find((kind) => kind === value) ?? 'internal';
}

function isError(tags: Attributes): boolean {
  return tags['error'] === true || tags['error'] === 'true' || tags['otel.status_code'] === 'ERROR';
}

function attributesOf(value: Json | undefined): Attributes {
  return Object.fromEntries(listOf(value).map((tag) => [textOf(tag['key']), tag['value'] ?? null]));
}

function without(tags: Attributes, ...keys: string[]): Attributes {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
}
