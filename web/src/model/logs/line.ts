// A log line as the list shows it, and its time in the ways people want it.
import type { AttributeValue, WireLog } from '@/api/events';
import { prettyExact } from '@/lib/json';
import { parseInstant, printInstant, toMillis, type Instant } from '@/model/trace/instant';
import { severityOf, type Severity } from './severity';

export interface Line {
  id: string;
  wire: WireLog;
  at: Instant;
  severity: Severity;
  service: string;
  /** The first piece of the message, without what would break a single line. */
  head: string;
}

/** No screen is wider; a message may be megabytes. */
const HEAD_CHARS_MAX = 2000;
/** What lists ask for of a text, in bytes: some hundred lines of a stack; 200 such lines of a list are 3 MB. */
export const LIST_CLIP_BYTES = 16_384;

export function readLine(wire: WireLog): Line {
  return {
    id: wire.id,
    wire,
    at: parseInstant(wire.time) ?? { seconds: 0, nanos: 0 },
    severity: severityOf(wire.severity),
    service: wire.service ?? '',
    head: headOf(wire),
  };
}

/** A record without a body is told by its event's name or its attributes. */
function headOf(wire: WireLog): string {
  if (wire.body !== '') return flatten(wire.body.slice(0, HEAD_CHARS_MAX));
  if (wire.event_name !== undefined && wire.event_name !== '') return wire.event_name;
  const pairs = Object.entries(wire.attributes ?? {}).map(([key, value]) => `${key}=${printValue(value)}`);
  return flatten(pairs.join(' ').slice(0, HEAD_CHARS_MAX));
}

/** Colours of terminals and other control characters are for terminals; what turns the direction round is a trap. */
export function flatten(text: string): string {
  return plain(text).replace(/\s+/g, ' ').trim();
}

export function plain(text: string): string {
  return text
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '');
}

export function printValue(value: AttributeValue): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

/** `14:05:09.123`, with the day before it when a range spans several. */
export function printTime(at: Instant, utc: boolean, withDay: boolean): string {
  const millis = at.seconds * 1000;
  const shifted = millis - (utc ? 0 : new Date(millis).getTimezoneOffset() * 60_000);
  const text = printInstant({ seconds: shifted / 1000, nanos: at.nanos });
  return `${withDay ? `${text.slice(5, 10)} ` : ''}${text.slice(11, 23)}`;
}

/** All there is: `2026-01-31 14:05:09.123456789 UTC`. */
export function printFullTime(at: Instant, utc: boolean): string {
  const millis = at.seconds * 1000;
  const offset = utc ? 0 : -new Date(millis).getTimezoneOffset();
  const text = printInstant({ seconds: at.seconds + offset * 60, nanos: at.nanos });
  return `${text.slice(0, 10)} ${text.slice(11, 29)} ${printOffset(offset)}`;
}

function printOffset(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** A message that is JSON, laid out; null for other text. */
export function prettyJson(text: string): string | null {
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed)) return null;
  try {
    return prettyExact(trimmed);
  } catch {
    return null;
  }
}

/** Where a line leads: its trace, with its span chosen. */
export function traceJump(wire: WireLog): { path: string; search: Record<string, string> } | null {
  if (wire.trace_id == null || wire.trace_id === '') return null;
  return { path: `/traces/${wire.trace_id}`, search: wire.span_id == null ? {} : { span: wire.span_id } };
}

export const atMillis = (line: Line): number => toMillis(line.at);
