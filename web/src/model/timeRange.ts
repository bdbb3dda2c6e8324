// The one time range that travels with the user: written as text, resolved against a moment.
import { millis, type Millis } from '@/lib/brand';
import { parseDuration, printDuration } from '@/lib/duration';

/** As it stands in the address: `now`, `now-6h`, `now-1d/d`, milliseconds since 1970, or a date. */
export interface TimeRange {
  from: string;
  to: string;
}

export interface Resolved {
  from: Millis;
  to: Millis;
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' };

/** A zoom below this shows nothing: no sample is closer to its neighbour. */
const SPAN_MS_MIN = 1000;

export const PRESETS: { label: string; range: TimeRange }[] = [
  ...['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '14d', '30d', '90d'].map((span) => ({
    label: `Last ${spell(span)}`,
    range: { from: `now-${span}`, to: 'now' },
  })),
  { label: 'Today', range: { from: 'now/d', to: 'now' } },
  { label: 'Yesterday', range: { from: 'now-1d/d', to: 'now/d' } },
  { label: 'This week', range: { from: 'now/w', to: 'now' } },
];

/** `10m` as `10 minutes`; what has several parts stays as it was typed. */
function spell(span: string): string {
  const [, count, letter] = /^(\d+)([smhdwy])$/.exec(span) ?? [];
  const unit = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', y: 'year' }[letter ?? ''];
  return unit === undefined ? span : `${count} ${unit}${count === '1' ? '' : 's'}`;
}

const RELATIVE = /^now(?:([+-])([0-9a-z]+))?(?:\/([mhdw]))?$/;

/** Null when the text is no moment. Dates without a zone are local. */
export function parseMoment(text: string, now: Millis): Millis | null {
  const trimmed = text.trim();
  const relative = RELATIVE.exec(trimmed);
  if (relative !== null) return fromRelative(relative, now);
  if (/^\d{12,14}$/.test(trimmed)) return millis(Number(trimmed));
  if (/^\d{9,10}(\.\d+)?$/.test(trimmed)) return millis(Number(trimmed) * 1000);
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return null;
  const iso = trimmed.length === 10 ? `${trimmed}T00:00` : trimmed.replace(' ', 'T');
  const parsed = Date.parse(iso);
  return Number.isNaN(parsed) ? null : millis(parsed);
}

function fromRelative(match: RegExpExecArray, now: Millis): Millis | null {
  const [, sign, span, floor] = match;
  let at: number = now;
  if (span !== undefined) {
    const distance = parseDuration(span);
    if (distance === null) return null;
    at += sign === '-' ? -distance : distance;
  }
  return millis(floor === undefined ? at : floorTo(at, floor));
}

function floorTo(at: number, unit: string): number {
  const date = new Date(at);
  if (unit === 'm') date.setSeconds(0, 0);
  else if (unit === 'h') date.setMinutes(0, 0, 0);
  else {
    date.setHours(0, 0, 0, 0);
    // Weeks start on Monday (ISO 8601).
    if (unit === 'w') date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
  }
  return date.getTime();
}

/** Null when either end cannot be read or they are the wrong way round. */
export function resolveRange(range: TimeRange, now: Millis): Resolved | null {
  const from = parseMoment(range.from, now);
  const to = parseMoment(range.to, now);
  if (from === null || to === null || from >= to) return null;
  return { from, to };
}

/** What people type: `6h`, `now-6h`, `now-2d to now-1d`, `2026-01-01 to 2026-01-02`. */
export function parseTyped(text: string, now: Millis): TimeRange | null {
  const trimmed = text.trim();
  if (parseDuration(trimmed) !== null) return { from: `now-${trimmed}`, to: 'now' };
  const [from, to] = trimmed.split(/\s+(?:to|–|-|until)\s+/);
  if (from === undefined || from === '') return null;
  const range = { from, to: to ?? 'now' };
  return resolveRange(range, now) === null ? null : range;
}

export function isRelative(range: TimeRange): boolean {
  return range.from.startsWith('now') && range.to.startsWith('now');
}

export function absolute(from: number, to: number): TimeRange {
  return { from: String(Math.round(from)), to: String(Math.round(to)) };
}

export function describeRange(range: TimeRange, now: Millis, utc: boolean): string {
  const preset = PRESETS.find((one) => one.range.from === range.from && one.range.to === range.to);
  if (preset !== undefined) return preset.label;
  const last = /^now-([0-9a-z]+)$/.exec(range.from);
  if (range.to === 'now' && last?.[1] !== undefined) return `Last ${spell(last[1])}`;
  const resolved = resolveRange(range, now);
  if (resolved === null) return `${range.from} to ${range.to}`;
  return printSpan(resolved.from, resolved.to, utc);
}

/** `2026-01-31 14:05:09`, without seconds when they are zero. */
export function printMoment(at: number, utc: boolean): string {
  const shifted = new Date(at - (utc ? 0 : new Date(at).getTimezoneOffset() * 60_000));
  const text = shifted.toISOString();
  const seconds = text.slice(17, 19) === '00' ? '' : text.slice(16, 19);
  return `${text.slice(0, 10)} ${text.slice(11, 16)}${seconds}`;
}

/** Of the second moment only what the first does not say: no day twice, no year twice. */
function printSpan(from: number, to: number, utc: boolean): string {
  const [first, second] = [printMoment(from, utc), printMoment(to, utc)];
  const shared = first.slice(0, 10) === second.slice(0, 10) ? 11 : first.slice(0, 5) === second.slice(0, 5) ? 5 : 0;
  return `${first} – ${second.slice(shared)}`;
}

/** By half its length, as time ranges are walked through; never beyond now, where nothing is yet. */
export function shift(resolved: Resolved, direction: -1 | 1, now: Millis): TimeRange {
  const half = (resolved.to - resolved.from) / 2;
  const room = Math.max(0, now - resolved.to);
  // What little would be left is no step of its own.
  const later = room < half * 1.05 ? room : half;
  const by = direction < 0 ? -half : later;
  return absolute(resolved.from + by, resolved.to + by);
}

/** Whether there is enough after it to be worth a step: a hundredth of its length. */
export function hasLater(resolved: Resolved, now: Millis): boolean {
  return now - resolved.to >= Math.max(SPAN_MS_MIN, (resolved.to - resolved.from) / 100);
}

/** Twice as long around the same middle; a range that ends now goes on ending now. */
export function zoomOut(range: TimeRange, resolved: Resolved): TimeRange {
  const span = resolved.to - resolved.from;
  if (range.to === 'now')
    return { from: `now-${printDuration(millis(Math.round((span * 2) / 1000) * 1000))}`, to: 'now' };
  return absolute(resolved.from - span / 2, resolved.to + span / 2);
}

/** A dragged piece of a graph; never shorter than what can be seen. */
export function zoomIn(from: number, to: number): TimeRange {
  if (to - from >= SPAN_MS_MIN) return absolute(from, to);
  const middle = (from + to) / 2;
  return absolute(middle - SPAN_MS_MIN / 2, middle + SPAN_MS_MIN / 2);
}
