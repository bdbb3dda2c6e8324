// Round moments for an axis of time, and how they read.
import { ticksOf } from '@/model/trace/scale';

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

export interface TimeTick {
  /** Milliseconds since 1970. */
  at: number;
  text: string;
}

/** `offset` is what local time is behind UTC, in milliseconds: ticks are round where the reader is. */
export function timeTicks(from: number, to: number, parts: number, offset = 0): TimeTick[] {
  const [start, end] = [from - offset, to - offset];
  return momentsOf(start, end, parts).map((at) => ({ at: at + offset, text: printTick(at, end - start) }));
}

function momentsOf(from: number, to: number, parts: number): number[] {
  if (!(to > from)) return [];
  if (to - from < 3000) return ticksOf(from, to, parts);
  const step = (STEPS_S.find((one) => one * 1000 * parts >= to - from) ?? 0) * 1000;
  if (step === 0) return ticksOf(from / 864e5, to / 864e5, parts).map((day) => day * 864e5);
  const out: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) out.push(at);
  return out;
}

function printTick(at: number, span: number): string {
  const text = new Date(at).toISOString();
  if (span > 2 * 864e5) return text.slice(5, 10);
  if (span > 864e5) return `${text.slice(5, 10)} ${text.slice(11, 16)}`;
  return span < 3000 ? text.slice(17, 23) : span < 600_000 ? text.slice(11, 19) : text.slice(11, 16);
}
