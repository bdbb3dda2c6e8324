// Axes of values: how far they reach, where their marks lie, and how these read so that no two of them read the same.
import { BINARY, DECIMAL, SUFFIX, type Unit } from '@/lib/format';
import { clockStep, niceStep, ticksOf } from './trace/scale';

/** Below this share of the value a difference is what is left of floating-point sums: the line is straight. */
const NOISE = 1e-6;
/** An axis spans at least this share of its value: a line that moves by less is drawn as calm as it is. */
const SPAN_MIN = 1e-3;
/** Around a moment that does not move. */
const MOMENT_PAD_SECONDS = 1800;

/** `isFromZero`: zero belongs to the picture, whatever the lines do. */
export function rangeOf(low: number | null, high: number | null, unit: Unit, isFromZero: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (unit === 'bool') return [0, 1.1];
  // Zero is the year 1970: far from any moment that is told.
  if (unit === 'timestamp') return around(low, high, 2 * MOMENT_PAD_SECONDS);
  const size = Math.max(Math.abs(low), Math.abs(high));
  const bottom = isFromZero ? Math.min(0, low) : low;
  const span = high - bottom;
  // A straight line stands in the middle, its own height away from zero.
  if (span <= size * NOISE) return size === 0 ? [0, 1] : high > 0 ? [0, high * 2] : [bottom * 2, 0];
  if (span < size * SPAN_MIN) return around(bottom, high, size * SPAN_MIN);
  const pad = span * 0.08;
  // Close to zero, zero belongs to the picture.
  const isNearZero = bottom >= 0 && bottom < high * 0.5;
  return [isNearZero || bottom === 0 ? 0 : bottom - pad, high <= 0 && high > bottom * 0.5 ? 0 : high + pad];
}

function around(low: number, high: number, spanMin: number): [number, number] {
  const half = Math.max((high - low) * 0.58, spanMin / 2);
  const middle = low + (high - low) / 2;
  return [middle - half, middle + half];
}

/** Round values within [low, high], about so many. */
export function valueTicks(low: number, high: number, parts: number, unit: Unit): number[] {
  return ticksOf(low, high, Math.max(1, parts), (span, count) => stepOf(span, count, unit, high));
}

function stepOf(span: number, parts: number, unit: Unit, high: number): number {
  switch (unit) {
    case 'bool':
      return 1;
    case 'bytes':
    case 'bytes/s':
      return binaryStep(span / parts, high);
    case 'seconds':
    case 'timestamp':
      return clockStep(span * 1e9, parts) / 1e9;
    case 'milliseconds':
      return clockStep(span * 1e6, parts) / 1e6;
    default:
      return niceStep(span, parts);
  }
}

/** Steps of two may be so much closer than asked for, by their logarithm: the next one up may leave a single mark. */
const CLOSER = 0.4;

/** Powers of two of the prefix that is shown, and round tenths of it below. */
function binaryStep(raw: number, high: number): number {
  const unit = 1024 ** binaryPower(high);
  return raw > unit / 2 ? 2 ** Math.ceil(Math.log2(raw) - CLOSER) : niceStep(raw / unit, 1) * unit;
}

function binaryPower(size: number): number {
  return size < 1 ? 0 : Math.min(BINARY.length - 1, Math.floor(Math.log2(size) / 10));
}

/** All with the same prefix, and as many decimals as their step needs. */
export function printTicks(ticks: readonly number[], unit: Unit): string[] {
  const top = ticks.reduce((most, tick) => Math.max(most, Math.abs(tick)), 0);
  const step = ticks.slice(1).reduce((least, tick, at) => Math.min(least, tick - (ticks[at] ?? 0)), Infinity);
  const apart = Number.isFinite(step) && step > 0 ? step : top;
  if (unit === 'milliseconds')
    return printTicks(
      ticks.map((tick) => tick / 1000),
      'seconds',
    );
  if (unit === 'timestamp') return ticks.map((tick) => printMark(tick, apart));
  // Above a minute as clocks do.
  if (unit === 'seconds' && top >= 60) return ticks.map((tick) => printClock(tick, apart));
  const scale = scaleOf(top, unit);
  const digits = decimals(apart / scale.size);
  return ticks.map((tick) => printScaled(tick, scale, digits));
}

interface Scale {
  size: number;
  /** With its space before, where one belongs. */
  suffix: string;
}

function scaleOf(top: number, unit: Unit): Scale {
  if (unit === 'bytes' || unit === 'bytes/s') {
    const power = binaryPower(top);
    return { size: 1024 ** power, suffix: ` ${BINARY[power] ?? ''}${unit === 'bytes/s' ? '/s' : ''}` };
  }
  if (unit === 'seconds') return secondsScale(top);
  if (unit === 'ratio') return { size: 0.01, suffix: ' %' };
  const suffix = SUFFIX[unit] ?? '';
  if (top > 0 && top < 1e-3) {
    const power = Math.floor(Math.log10(top));
    return { size: 10 ** power, suffix: `e${power}${suffix === '' ? '' : ` ${suffix}`}` };
  }
  // Thousands are written out to 9,999, as everywhere.
  const [size, prefix] = (top < 10_000 ? undefined : DECIMAL.find(([limit]) => top >= limit)) ?? [1, ''];
  return { size, suffix: `${prefix}${suffix}` === '' ? '' : ` ${prefix}${suffix}` };
}

function secondsScale(top: number): Scale {
  if (top === 0 || top >= 1) return { size: 1, suffix: ' s' };
  if (top < 1e-6) return { size: 1e-9, suffix: ' ns' };
  return top < 1e-3 ? { size: 1e-6, suffix: ' µs' } : { size: 1e-3, suffix: ' ms' };
}

function printScaled(tick: number, { size, suffix }: Scale, digits: number): string {
  const text = (tick / size).toFixed(digits);
  const number = Number(text) === 0 ? '0' : text.replace('-', '−');
  // Nothing is nothing at every power of ten.
  return `${number}${number === '0' ? suffix.replace(/^e-?\d+/, '') : suffix}`;
}

/** How many decimals tell multiples of the step apart; of steps that are no round numbers, two digits. */
function decimals(step: number): number {
  if (!(step > 0)) return 0;
  const least = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  for (let digits = least > 0 ? least - 1 : 0; digits <= least + 1; digits++) {
    const scaled = step * 10 ** digits;
    if (scaled > 0.5 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return Math.min(digits, 12);
  }
  return Math.min(least + 1, 12);
}

const CLOCK: [string, number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
];

/** `1 h 30 min`, with everything the step needs: `1 min 0.5 s`. */
function printClock(tick: number, step: number): string {
  const digits = decimals(step);
  let rest = Number(Math.abs(tick).toFixed(digits));
  const parts: string[] = [];
  for (const [name, size] of CLOCK) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${name}`);
    rest = Number((rest - count * size).toFixed(digits));
  }
  if (rest > 0 || parts.length === 0) parts.push(`${rest === 0 ? '0' : rest.toFixed(digits)} s`);
  return `${tick < 0 ? '−' : ''}${parts.join(' ')}`;
}

/** A moment in UTC, as values of this unit are written; the day stands before what is finer. */
function printMark(tick: number, step: number): string {
  const text = new Date(tick * 1000).toISOString();
  if (step >= 86_400) return text.slice(0, 10);
  const end = step >= 60 ? 16 : step >= 1 ? 19 : 23;
  return `${text.slice(5, 10)} ${text.slice(11, end)}`;
}
