// Jaeger's own links: `/search?service=cart&operation=all&tags={"error":"true"}&lookback=1h&limit=20&minDuration=1ms`.
import { parseDuration } from '@/lib/duration';
import { quoteValue } from '@/model/trace/query';
import { LIMITS } from './url';

/** The same question in the address of our own page. */
export function fromJaeger(search: Record<string, string>): Record<string, string> {
  const { q, errors } = readTags(search['tags'] ?? '');
  const all: Record<string, string> = {
    service: search['service'] ?? '',
    operation: search['operation'] === 'all' ? '' : (search['operation'] ?? ''),
    q,
    errors,
    min: search['minDuration'] ?? '',
    max: search['maxDuration'] ?? '',
    limit: readLimit(search['limit']),
    ...readTime(search),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** At least as many as were asked for, of the numbers that can be chosen. */
function readLimit(text: string | undefined): string {
  const wanted = Number(text);
  if (!(wanted > 0)) return '';
  return String(LIMITS.find((limit) => limit >= wanted) ?? LIMITS.at(-1));
}

/** Moments are microseconds since 1970. They stand beside a lookback, and are what it meant when the link was made. */
function readTime(search: Record<string, string>): Record<string, string> {
  const [start, end] = [Number(search['start']), Number(search['end'])];
  if (start > 0) {
    return { from: String(Math.floor(start / 1000)), to: end > start ? String(Math.ceil(end / 1000)) : 'now' };
  }
  const lookback = search['lookback'] ?? '';
  return parseDuration(lookback) === null ? {} : { from: `now-${lookback}`, to: 'now' };
}

/** What Jaeger shows as tags of a span and is a field of its own here. */
const FIELDS: Record<string, string> = {
  'span.kind': 'kind',
  'otel.scope.name': 'scope_name',
  'otel.status_description': 'status_message',
};

function readTags(text: string): { q: string; errors: string } {
  const terms: string[] = [];
  let errors = '';
  for (const [key, value] of tagsOf(text)) {
    if (key === 'error' && value === 'true') errors = '1';
    else if (key === 'otel.status_code') terms.push(`status=${quoteValue(value.toLowerCase())}`);
    else terms.push(`${quoteValue(FIELDS[key] ?? key)}=${quoteValue(value)}`);
  }
  return { q: terms.join(' '), errors };
}

/** JSON as Jaeger's page writes it, or `key=value other="two words"` as people type it there. */
function tagsOf(text: string): [string, string][] {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === 'object' && read !== null) {
      return Object.entries(read).map(([key, value]) => [key, String(value)]);
    }
  } catch {
    // Not JSON.
  }
  const pairs = text.matchAll(/([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g);
  return [...pairs].map(([, key, quoted, bare]) => [key ?? '', quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '']);
}
