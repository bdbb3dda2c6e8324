// Exemplars: single observations beside the lines, each usually with the trace it came from.
import type { Labels, WireExemplarSeries } from '@/api/query';
import type { Unit } from '@/lib/format';
import type { ChartSeries } from './chart';
import { NAME } from './labels';
import { unitOfMetric } from './unitOf';

export interface Exemplar {
  query: string;
  /** Seconds since 1970. */
  time: number;
  value: number;
  labels: Labels;
  series: Labels;
  /** What was observed, by the name of the metric. */
  unit: Unit;
}

/** More dots than this cover the lines; the largest values are the ones looked for. */
export const EXEMPLARS_DRAWN_MAX = 300;

export function readExemplars(query: string, wire: readonly WireExemplarSeries[]): Exemplar[] {
  const all = wire.flatMap((one) =>
    one.exemplars.map((exemplar) => ({
      query,
      time: exemplar.timestamp,
      value: Number(exemplar.value),
      labels: exemplar.labels,
      series: one.seriesLabels,
      unit: unitOfMetric((one.seriesLabels[NAME] ?? '').replace(/_bucket$/, '')),
    })),
  );
  const finite = all.filter((one) => Number.isFinite(one.value));
  return finite.sort((a, b) => b.value - a.value).slice(0, EXEMPLARS_DRAWN_MAX);
}

/**
 * Where the dot stands: at its value when that is inside what the lines span, on the nearest line otherwise. An
 * exemplar of a counter holds an observation, while the line may show a rate: its height would mean nothing.
 */
export function placeExemplar(
  exemplar: Exemplar,
  times: number[],
  series: readonly ChartSeries[],
  isComparable: boolean,
): number | null {
  if (isComparable) return exemplar.value;
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  const index = step > 0 ? Math.round((exemplar.time - (times[0] ?? 0)) / step) : 0;
  let best: { value: number; shared: number } | null = null;
  for (const one of series) {
    const value = one.values[index];
    if (one.query !== exemplar.query || value == null) continue;
    const shared = Object.entries(one.labels).filter(([name, label]) => exemplar.series[name] === label).length;
    if (best === null || shared > best.shared) best = { value, shared };
  }
  return best?.value ?? null;
}

/** The label that names a trace, by the names in use. */
export function traceOf(labels: Labels): string | null {
  for (const name of ['trace_id', 'traceID', 'traceId', 'TraceID']) {
    const value = labels[name];
    if (value !== undefined) return value;
  }
  return null;
}
