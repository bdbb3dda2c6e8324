// How far apart the points of a graph lie.
import { seconds, type Millis, type Seconds } from '@/lib/brand';
import { parseDuration } from '@/lib/duration';
import type { Resolved } from './timeRange';

/** Steps that divide minutes, hours and days: graphs of neighbouring ranges share their points. */
const NICE_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];

/** Prometheus refuses more points a series than this. */
export const POINTS_MAX = 11_000;

export type Resolution = 'low' | 'auto' | 'high';

/** Points across the graph: one for each 4, 2 and 1 pixels of a common screen's 1,200. */
const POINTS: Record<Resolution, number> = { low: 300, auto: 600, high: 1200 };

export function niceStep(span: Millis, points: number): Seconds {
  const wanted = span / 1000 / points;
  const nice = NICE_SECONDS.find((step) => step >= wanted);
  return seconds(nice ?? Math.ceil(wanted / 86_400) * 86_400);
}

/** What stands in the address: nothing, a resolution's name, or a duration. */
export function chooseStep(text: string | undefined, range: Resolved): Seconds {
  const span = (range.to - range.from) as Millis;
  const typed = text === undefined ? null : parseDuration(text);
  if (typed !== null) return seconds(Math.max(typed, Math.ceil(span / POINTS_MAX)) / 1000);
  const points = text === 'low' || text === 'high' ? POINTS[text] : POINTS.auto;
  return niceStep(span, points);
}

export interface Grid {
  start: Seconds;
  end: Seconds;
  step: Seconds;
}

/** Starts and ends on multiples of the step, so that a refreshed graph keeps its points. */
export function align(range: Resolved, step: Seconds): Grid {
  const floor = (at: number): Seconds => seconds(Math.floor(at / 1000 / step + 1e-9) * step);
  return { start: floor(range.from), end: floor(range.to), step };
}

export function gridPoints(grid: Grid): number {
  return Math.floor((grid.end - grid.start) / grid.step + 1e-9) + 1;
}
