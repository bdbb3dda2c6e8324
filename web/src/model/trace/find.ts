// Finding spans in a trace that is open: by words anywhere in them, or `key=value`.
import type { AttributeValue } from '@/api/events';
import type { Span, Trace } from './trace';

/** Indexes of the spans that have every word, in order. Case is ignored. Nothing is found by nothing. */
export function findSpans(trace: Trace, text: string): number[] {
  const words = splitWords(text);
  if (words.length === 0) return [];
  return trace.spans.filter((span) => words.every((word) => has(span, word))).map((span) => span.index);
}

/** At blanks, except within quotes. */
export function splitWords(text: string): string[] {
  return [...text.toLowerCase().matchAll(/([^\s"=]+=)?"([^"]*)"?|\S+/g)]
    .map(([whole, key = '', quoted]) => (quoted === undefined ? whole : key + quoted))
    .filter((word) => word !== '');
}

function has(span: Span, word: string): boolean {
  const at = word.indexOf('=');
  if (at > 0) return hasPair(span, word.slice(0, at), word.slice(at + 1));
  for (const text of textsOf(span)) if (text.toLowerCase().includes(word)) return true;
  return false;
}

function hasPair(span: Span, key: string, value: string): boolean {
  const wire = span.wire;
  const builtin: Record<string, string | undefined> = {
    service: span.service,
    name: span.name,
    kind: wire.span_kind,
    status: wire.status,
    host: wire.host,
    span_id: span.id,
  };
  const pairs: [string, AttributeValue | undefined][] = [
    ...Object.entries(builtin),
    ...Object.entries(wire.attributes ?? {}),
    ...Object.entries(wire.resource ?? {}),
  ];
  return pairs.some(([name, one]) => name.toLowerCase() === key && print(one).toLowerCase().includes(value));
}

function* textsOf(span: Span): Generator<string> {
  const wire = span.wire;
  yield span.name;
  yield span.service;
  yield span.id;
  yield wire.status_message ?? '';
  yield wire.status ?? '';
  yield wire.host ?? '';
  for (const [key, value] of Object.entries(wire.attributes ?? {})) {
    yield key;
    yield print(value);
  }
  for (const event of wire.events ?? []) {
    yield event.name;
    for (const value of Object.values(event.attributes ?? {})) yield print(value);
  }
  for (const value of Object.values(wire.resource ?? {})) yield print(value);
}

function print(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The match after `from`, round the end; null without any. */
export function nextOf(found: readonly number[], from: number, direction: 1 | -1): number | null {
  if (found.length === 0) return null;
  if (direction > 0) return found.find((one) => one > from) ?? (found[0] as number);
  return found.findLast((one) => one < from) ?? (found.at(-1) as number);
}
