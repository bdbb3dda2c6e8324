// The traces that a search found, as the list and the scatter plot show them.
import type { WireTraceService, WireTraceSummary } from '@/api/traces';
import { parseInstant, toMillis } from './instant';

export interface Summary {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  /** Nanoseconds. */
  duration: number;
  service: string;
  name: string;
  hasRoot: boolean;
  spans: number;
  errors: number;
  /** The one with most spans first. */
  services: WireTraceService[];
  matched: number;
  isComplete: boolean;
}

export function readSummary(wire: WireTraceSummary): Summary {
  const at = parseInstant(wire.start);
  return {
    id: wire.trace_id,
    at: at === null ? 0 : toMillis(at),
    duration: wire.duration_ns,
    service: wire.root?.service ?? wire.services[0]?.name ?? 'unknown',
    name: wire.root?.name ?? 'root span not received',
    hasRoot: wire.root !== null,
    spans: wire.spans,
    errors: wire.errors,
    services: [...wire.services].sort((a, b) => b.spans - a.spans),
    matched: wire.matched,
    isComplete: wire.complete,
  };
}

export type SummarySort = 'recent' | 'slowest';

export function sortSummaries(all: readonly Summary[], by: SummarySort): Summary[] {
  return [...all].sort((a, b) => (by === 'recent' ? b.at - a.at : b.duration - a.duration) || a.id.localeCompare(b.id));
}

export interface Dot {
  summary: Summary;
  /** Pixels from the left and the top. */
  x: number;
  y: number;
  /** Pixels. */
  radius: number;
}

const RADIUS_MIN = 3;
const RADIUS_MAX = 11;

/** From so many on, and the larger the more, dots would only be a heap. */
const CROWD = 50;

/** Area by spans: four times as many, twice as wide. */
export function radiusOf(spans: number, most: number, traces = 1): number {
  if (most <= 1) return RADIUS_MIN;
  const largest = Math.max(RADIUS_MIN + 2, RADIUS_MAX * Math.min(1, Math.sqrt(CROWD / traces)));
  return RADIUS_MIN + (largest - RADIUS_MIN) * Math.sqrt(Math.max(0, spans - 1) / (most - 1));
}

export interface Plot {
  width: number;
  height: number;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  /** 0 at the bottom, 1 at the top. */
  place: (duration: number) => number;
}

/** The large ones first, so that small ones lie on them; errors last, on top of all. */
export function dotsOf(all: readonly Summary[], plot: Plot): Dot[] {
  const most = all.reduce((max, one) => Math.max(max, one.spans), 1);
  return all
    .map((summary) => ({
      summary,
      x: ((summary.at - plot.from) / (plot.to - plot.from)) * plot.width,
      y: (1 - plot.place(summary.duration)) * plot.height,
      radius: radiusOf(summary.spans, most, all.length),
    }))
    .sort((a, b) => Number(a.summary.errors > 0) - Number(b.summary.errors > 0) || b.radius - a.radius);
}

/** The nearest dot that the pointer is on or close to. */
export function dotAt(dots: readonly Dot[], x: number, y: number): Dot | null {
  const NEAR_PX = 6;
  let best: { dot: Dot; distance: number } | null = null;
  for (const dot of dots) {
    const distance = Math.hypot(dot.x - x, dot.y - y) - dot.radius;
    if (distance <= NEAR_PX && (best === null || distance <= best.distance)) best = { dot, distance };
  }
  return best?.dot ?? null;
}

/** Of the plot, left free on either side; before the first of the latest, to say that there are more. */
const FREE = 0.04;
const FREE_CUT = 0.14;
const SPAN_MS_MIN = 1000;

/**
 * The time that the plot spans. Of the latest traces among many it is only theirs: before the first of them nothing is
 * known, and the dots would stand on one heap.
 */
export function plotRange(
  all: readonly Summary[],
  range: { from: number; to: number },
  isCut: boolean,
): { from: number; to: number } {
  if (!isCut || all.length === 0) return range;
  const first = all.reduce((least, one) => Math.min(least, one.at), Infinity);
  const last = all.reduce((most, one) => Math.max(most, one.at), -Infinity);
  const span = Math.max(SPAN_MS_MIN, last - first);
  return {
    from: Math.max(range.from, Math.min(first, last - SPAN_MS_MIN) - span * FREE_CUT),
    to: Math.min(range.to, last + span * FREE),
  };
}
