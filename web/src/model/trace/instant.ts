// Moments with nanoseconds. A double holds those since 1970 only to 256 ns: so seconds and the rest are apart.
import { nanos, type Nanos } from '@/lib/brand';

export interface Instant {
  /** Whole seconds since 1970. */
  seconds: number;
  /** 0 to 999,999,999. */
  nanos: number;
}

const SECOND_NS = 1e9;
const SHAPE = /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9})\d*)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** RFC 3339 with up to nine digits of a second; without a zone it is UTC. */
export function parseInstant(text: string): Instant | null {
  const match = SHAPE.exec(text.trim());
  if (match === null) return null;
  const [, whole = '', fraction = '', zone = 'Z'] = match;
  const at = Date.parse(`${whole.replace(' ', 'T')}${zone.toUpperCase()}`);
  return Number.isNaN(at) ? null : { seconds: at / 1000, nanos: Number(fraction.padEnd(9, '0')) };
}

/** Nanoseconds since 1970 as OTLP writes them: a text or a number of up to 19 digits. */
export function instantOfNanos(value: string | number): Instant | null {
  const text = typeof value === 'number' ? value.toFixed(0) : value;
  if (!/^\d{1,19}$/.test(text)) return null;
  const padded = text.padStart(10, '0');
  return { seconds: Number(padded.slice(0, -9)), nanos: Number(padded.slice(-9)) };
}

export function printInstant(at: Instant): string {
  const whole = new Date(at.seconds * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(at.nanos).padStart(9, '0')}Z`;
}

/** Exact for anything shorter than 104 days. */
export function between(from: Instant, to: Instant): Nanos {
  return nanos((to.seconds - from.seconds) * SECOND_NS + (to.nanos - from.nanos));
}

export function plus(at: Instant, by: number): Instant {
  const total = at.nanos + Math.round(by);
  const carry = Math.floor(total / SECOND_NS);
  return { seconds: at.seconds + carry, nanos: total - carry * SECOND_NS };
}

export function toMillis(at: Instant): number {
  return at.seconds * 1000 + at.nanos / 1e6;
}
