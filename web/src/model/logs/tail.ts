// Live lines: kept up to a number, newest first, with how fast they come. While paused they wait.
import type { WireLog } from '@/api/events';
import { readLine, type Line } from './line';

/** Some minutes of a busy service; a line takes about 2 KB. */
export const TAIL_LINES_MAX = 5000;
/** The rate is of these last seconds. */
const RATE_MS = 10_000;

export interface Tail {
  lines: Line[];
  /** Came while paused: not shown yet, newest first. */
  waiting: Line[];
  isPaused: boolean;
  /** Lines that the server or this list let go of unseen. */
  dropped: number;
  /** When the first came; the rate of the first seconds is of these alone. */
  began: number | null;
  /** When lines came, and how many, in the order of time. */
  arrivals: { at: number; count: number }[];
}

export const EMPTY_TAIL: Tail = { lines: [], waiting: [], isPaused: false, dropped: 0, began: null, arrivals: [] };

export type TailEvent =
  | { kind: 'begin'; lines: Line[] }
  | { kind: 'events'; events: readonly WireLog[]; now: number }
  | { kind: 'dropped'; count: number }
  | { kind: 'pause' }
  | { kind: 'resume' };

export function nextTail(tail: Tail, event: TailEvent): Tail {
  switch (event.kind) {
    case 'begin':
      return { ...EMPTY_TAIL, lines: event.lines };
    case 'events':
      return take(tail, event.events, event.now);
    case 'dropped':
      return { ...tail, dropped: tail.dropped + event.count };
    case 'pause':
      return { ...tail, isPaused: true };
    case 'resume': {
      const lines = [...tail.waiting, ...tail.lines].slice(0, TAIL_LINES_MAX);
      return { ...tail, lines, waiting: [], isPaused: false };
    }
  }
}

function take(tail: Tail, events: readonly WireLog[], now: number): Tail {
  const known = new Set(
    tail.lines
      .slice(0, 500)
      .concat(tail.waiting.slice(0, 500))
      .map((line) => line.id),
  );
  // What was there when the tail began may come again.
  const fresh = events
    .filter((event) => !known.has(event.id))
    .map(readLine)
    .sort((a, b) => b.at.seconds - a.at.seconds || b.at.nanos - a.at.nanos);
  if (fresh.length === 0) return tail;
  const arrivals = [...tail.arrivals.filter((one) => one.at > now - RATE_MS), { at: now, count: fresh.length }];
  const began = tail.began ?? now;
  if (!tail.isPaused) return { ...tail, began, arrivals, lines: [...fresh, ...tail.lines].slice(0, TAIL_LINES_MAX) };
  const waiting = [...fresh, ...tail.waiting];
  const over = Math.max(0, waiting.length - TAIL_LINES_MAX);
  return { ...tail, began, arrivals, waiting: waiting.slice(0, TAIL_LINES_MAX), dropped: tail.dropped + over };
}

/** Lines a second, over the last ten seconds. */
export function tailRate(tail: Tail, now: number): number {
  const recent = tail.arrivals.filter((one) => one.at > now - RATE_MS);
  const span = Math.min(RATE_MS, Math.max(1000, now - (tail.began ?? now)));
  return (recent.reduce((sum, one) => sum + one.count, 0) / span) * 1000;
}
