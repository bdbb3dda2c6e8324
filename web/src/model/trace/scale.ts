// Axes: times of a trace in round steps, and durations on a logarithmic scale.
import { formatSeconds } from '@/lib/format';

/** 1, 2 or 5 times a power of ten. */
export function niceStep(span: number, parts: number): number {
  const raw = span / Math.max(1, parts);
  if (!(raw > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((one) => one * power >= raw * 0.999) ?? 10;
  return factor * power;
}

const SECOND = 1e9;
/** Steps of a clock, from where tens are no round numbers any more. */
const CLOCK = [10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Of nanoseconds: round in tens below ten seconds, as clocks are above. */
export function clockStep(span: number, parts: number): number {
  const raw = span / Math.max(1, parts) / SECOND;
  if (raw < 5) return niceStep(span, parts);
  const step = CLOCK.find((one) => one >= raw * 0.999);
  return (step ?? 86_400 * niceStep(span / SECOND / 86_400, parts)) * SECOND;
}

/** A moment of a trace in nanoseconds, so exact that it differs from the one a step away. */
export function printTick(at: number, step: number): string {
  const size = Math.abs(at);
  const isMinutes = size >= 60 * SECOND;
  // Four digits are what durations have; the steps of minutes are seconds.
  if (isMinutes ? step >= SECOND : size / step < 1000) return formatSeconds(at / SECOND);
  const [unit, name] = size >= SECOND ? [SECOND, 's'] : size >= 1e6 ? [1e6, 'ms'] : [1e3, 'µs'];
  const digits = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  const minutes = Math.floor(size / (60 * SECOND));
  if (!isMinutes) return `${(at / unit).toFixed(digits)} ${name}`;
  return `${minutes} min ${((size - minutes * 60 * SECOND) / SECOND).toFixed(digits)} s`;
}

/** Round moments within [from, to], about so many. */
export function ticksOf(from: number, to: number, parts: number, stepOf = niceStep): number[] {
  if (!(to > from)) return [];
  const step = stepOf(to - from, parts);
  const out: number[] = [];
  for (let n = Math.ceil(from / step - 1e-9) + 0; n * step <= to * (1 + 1e-12); n++) out.push(n * step);
  return out;
}

/** Share of the way from `from` to `to`. */
export function share(value: number, from: number, to: number): number {
  return to > from ? (value - from) / (to - from) : 0;
}

/** A piece around a moment, `factor` times as long, within the whole; null when that is all of it. */
export function zoomAround(
  piece: { from: number; to: number },
  at: number,
  factor: number,
  whole: number,
): { from: number; to: number } | null {
  // Shorter than this nothing is told apart: a nanosecond is what clocks give.
  const length = Math.max(Math.min(whole, 10), (piece.to - piece.from) * factor);
  if (length >= whole) return null;
  const from = Math.min(Math.max(0, at - share(at, piece.from, piece.to) * length), whole - length);
  return { from, to: from + length };
}

/** The same length, so much later or earlier, within the whole. */
export function pan(piece: { from: number; to: number }, by: number, whole: number): { from: number; to: number } {
  const length = piece.to - piece.from;
  const from = Math.min(Math.max(0, piece.from + by), whole - length);
  return { from, to: from + length };
}

export interface LogScale {
  min: number;
  max: number;
  /** 0 at the bottom, 1 at the top. */
  place: (value: number) => number;
  value: (place: number) => number;
  /** Powers of ten, and 2 and 5 between them where there is room. */
  ticks: number[];
}

/** Room for every value, at least a decade; what is not positive lies at the bottom. */
export function logScale(values: readonly number[]): LogScale {
  const positive = values.filter((value) => value > 0);
  const low = positive.reduce((a, b) => Math.min(a, b), Infinity);
  const high = positive.reduce((a, b) => Math.max(a, b), 0);
  const [from, to] = positive.length === 0 ? [1e6, 1e9] : [low / 1.3, high * 1.3];
  const middle = Math.sqrt(from * to);
  const min = Math.min(from, middle / Math.sqrt(10));
  const max = Math.max(to, middle * Math.sqrt(10));
  const [bottom, height] = [Math.log10(min), Math.log10(max) - Math.log10(min)];
  return {
    min,
    max,
    place: (value) => (value <= min ? 0 : Math.min(1, (Math.log10(value) - bottom) / height)),
    value: (place) => 10 ** (bottom + place * height),
    ticks: logTicks(min, max),
  };
}

function logTicks(min: number, max: number): number[] {
  const decades = Math.log10(max / min);
  const factors = decades > 4 ? [1] : decades > 2 ? [1, 3] : [1, 2, 5];
  const out: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= min && value <= max) out.push(value);
    }
  }
  return out;
}
