// Log lines as files.
import type { Attributes, WireLog } from '@/api/events';
import { field } from '@/model/csv';
import { printValue } from './line';

/** At 2 KB a line 100 MB, which a browser holds. Of more, SQL answers as CSV. */
export const EXPORT_LINES_MAX = 50_000;
/** What one answer of the server may hold. */
export const ANSWER_LINES_MAX = 10_000;

/** An event a line, as the server gave it. */
export function logsNdjson(events: readonly WireLog[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

const HEAD = [
  'time',
  'severity',
  'service',
  'environment',
  'release',
  'host',
  'trace_id',
  'span_id',
  'event_name',
  'body',
];

/** A row a line, a column an attribute (RFC 4180). */
export function logsCsv(events: readonly WireLog[]): string {
  const keysOf = (pick: (event: WireLog) => Attributes | undefined): string[] =>
    [...new Set(events.flatMap((event) => Object.keys(pick(event) ?? {})))].sort();
  const attributes = keysOf((event) => event.attributes);
  const resource = keysOf((event) => event.resource);
  const line = (cells: string[]): string => `${cells.map(field).join(',')}\r\n`;
  const cell = (from: Attributes | undefined, key: string): string => {
    const value = from?.[key];
    return value === undefined || value === null ? '' : printValue(value);
  };
  const rows = events.map((event) =>
    line([
      event.time,
      event.severity_text || String(event.severity),
      event.service ?? '',
      event.environment ?? '',
      event.release ?? '',
      event.host ?? '',
      event.trace_id ?? '',
      event.span_id ?? '',
      event.event_name ?? '',
      event.body,
      ...attributes.map((key) => cell(event.attributes, key)),
      ...resource.map((key) => cell(event.resource, key)),
    ]),
  );
  return line([...HEAD, ...attributes, ...resource.map((key) => `resource.${key}`)]) + rows.join('');
}
