// OTLP's JSON encoding (opentelemetry-proto, "JSON Protobuf Encoding"): hex ids, enums as numbers, 64-bit integers as
// text. Base64 ids and enum names, which protobuf's own JSON has, are read too.
import type { Attributes, AttributeValue, SpanKind, SpanStatus, WireSpan } from '@/api/events';
import { between, instantOfNanos, printInstant } from './instant';
import { isObject, listOf, pick, textOf, type FoundSpans, type Json, type JsonObject } from './traceFile';

export function readOtlp(document: JsonObject): FoundSpans {
  const spans: WireSpan[] = [];
  let [total, left] = [0, 0];
  for (const group of listOf(pick(document, 'resourceSpans', 'resource_spans', 'batches'))) {
    const resource = attributesOf(pick(asObject(group['resource']), 'attributes'));
    for (const scoped of listOf(pick(group, 'scopeSpans', 'scope_spans', 'instrumentationLibrarySpans'))) {
      const scope = asObject(pick(scoped, 'scope', 'instrumentationLibrary'));
      for (const one of listOf(scoped['spans'])) {
        total += 1;
        const span = readSpan(one, resource, scope);
        if (span === null) left += 1;
        else spans.push(span);
      }
    }
  }
  return { spans, problems: left === 0 ? [] : [`${left} of ${total} spans have no id or no readable time.`] };
}

function readSpan(one: JsonObject, resource: Attributes, scope: JsonObject): WireSpan | null {
  const start = instantOf(pick(one, 'startTimeUnixNano', 'start_time_unix_nano'));
  const end = instantOf(pick(one, 'endTimeUnixNano', 'end_time_unix_nano')) ?? start;
  const id = idOf(pick(one, 'spanId', 'span_id'), 8);
  const traceId = idOf(pick(one, 'traceId', 'trace_id'), 16);
  if (start === null || end === null || id === '' || traceId === '') return null;
  const status = asObject(one['status']);
  const span: WireSpan = {
    id,
    kind: 'span',
    time: printInstant(start),
    duration_ns: Math.max(0, between(start, end)),
    trace_id: traceId,
    span_id: id,
    parent_span_id: idOf(pick(one, 'parentSpanId', 'parent_span_id'), 8) || null,
    name: textOf(one['name']),
    span_kind: enumOf(one['kind'], KINDS, 'SPAN_KIND_'),
    status: enumOf(status['code'], STATUSES, 'STATUS_CODE_'),
    status_message: textOf(status['message']),
    attributes: attributesOf(one['attributes']),
    resource,
    events: listOf(one['events']).map((event) => ({
      time: printInstant(instantOf(pick(event, 'timeUnixNano', 'time_unix_nano')) ?? start),
      name: textOf(event['name']),
      attributes: attributesOf(event['attributes']),
    })),
    links: listOf(one['links']).map((link) => ({
      trace_id: idOf(pick(link, 'traceId', 'trace_id'), 16),
      span_id: idOf(pick(link, 'spanId', 'span_id'), 8),
      attributes: attributesOf(link['attributes']),
    })),
  };
  const scopeName = textOf(scope['name']);
  if (scopeName !== '') span.scope = { name: scopeName, version: textOf(scope['version']) };
  return { ...span, ...fromResource(resource) };
}

/** The few names that tie the signals, as the server takes them from a resource. */
export function fromResource(resource: Attributes): Partial<WireSpan> {
  const out: Partial<WireSpan> = {};
  const text = (...keys: string[]): string | undefined => {
    const value = keys.map((key) => resource[key]).find((one) => typeof one === 'string' && one !== '');
    return typeof value === 'string' ? value : undefined;
  };
  const [service, host] = [text('service.name'), text('host.name', 'k8s.pod.name', 'service.instance.id')];
  const [release, environment] = [
    text('service.version'),
    text('deployment.environment.name', 'deployment.environment'),
  ];
  if (service !== undefined) out.service = service;
  if (host !== undefined) out.host = host;
  if (release !== undefined) out.release = release;
  if (environment !== undefined) out.environment = environment;
  return out;
}

const KINDS: SpanKind[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES: SpanStatus[] = ['unset', 'ok', 'error'];

function enumOf<T extends string>(value: Json | undefined, names: readonly T[], prefix: string): T {
  const first = names[0] as T;
  if (typeof value === 'number') return names[value] ?? first;
  const name = textOf(value).replace(prefix, '').toLowerCase();
  return names.find((one) => one === name) ?? names[Number(name)] ?? first;
}

function instantOf(value: Json | undefined) {
  return typeof value === 'string' || typeof value === 'number' ? instantOfNanos(value) : null;
}

/** Lower hex. Text of any other shape is base64, when it has as many bytes as an id has. */
function idOf(value: Json | undefined, bytes: number): string {
  const text = textOf(value);
  if (/^[0-9a-f]*$/i.test(text)) return /^0*$/.test(text) ? '' : text.toLowerCase();
  try {
    const raw = atob(text);
    const hex = [...raw].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
    return raw.length === bytes && !/^0*$/.test(hex) ? hex : '';
  } catch {
    return '';
  }
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function attributesOf(value: Json | undefined): Attributes {
  return Object.fromEntries(listOf(value).map((pair) => [textOf(pair['key']), valueOf(pair['value'])]));
}

function valueOf(value: Json | undefined): AttributeValue {
  if (!isObject(value)) return value ?? null;
  const one = pick(
    value,
    'stringValue',
    'string_value',
    'boolValue',
    'bool_value',
    'doubleValue',
    'double_value',
    'bytesValue',
  );
  if (one !== undefined) return one;
  const integer = pick(value, 'intValue', 'int_value');
  if (integer !== undefined) return Number.isSafeInteger(Number(integer)) ? Number(integer) : String(integer);
  const list = pick(value, 'arrayValue', 'array_value');
  if (isObject(list)) return listOf(list['values']).map(valueOf);
  const map = pick(value, 'kvlistValue', 'kvlist_value');
  return isObject(map) ? attributesOf(map['values']) : null;
}
