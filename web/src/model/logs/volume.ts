// The volume of log lines over time, as stacked bars.
import type { WireHistogram } from '@/api/events';
import { niceStep } from '@/model/trace/scale';
import { parseInstant, toMillis } from '@/model/trace/instant';
import { SEVERITIES, severityNamed, type Severity } from './severity';

export interface VolumeSeries {
  key: Severity;
  counts: number[];
  total: number;
}

export interface Volume {
  /** Milliseconds since 1970. */
  start: number;
  step: number;
  buckets: number;
  /** The most severe first: it lies at the bottom, where a change is seen. */
  series: VolumeSeries[];
  total: number;
  /** Of the highest bar. */
  max: number;
}

export function readVolume(wire: WireHistogram): Volume {
  const bySeverity = new Map<Severity, number[]>();
  const buckets = wire.series.reduce((most, one) => Math.max(most, one.counts.length), 0);
  for (const one of wire.series) {
    const key = severityNamed(one.key);
    const counts = bySeverity.get(key) ?? new Array<number>(buckets).fill(0);
    bySeverity.set(
      key,
      counts.map((count, index) => count + (one.counts[index] ?? 0)),
    );
  }
  const series = SEVERITIES.flatMap((key): VolumeSeries[] => {
    const counts = bySeverity.get(key);
    const total = counts?.reduce((sum, count) => sum + count, 0) ?? 0;
    return counts === undefined || total === 0 ? [] : [{ key, counts, total }];
  });
  const at = parseInstant(wire.start);
  const sums = Array.from({ length: buckets }, (_, index) => sumAt(series, index));
  return {
    start: at === null ? 0 : toMillis(at),
    step: wire.step_ns / 1e6,
    buckets,
    series,
    total: wire.total,
    max: sums.reduce((most, sum) => Math.max(most, sum), 0),
  };
}

export function sumAt(series: readonly VolumeSeries[], index: number): number {
  return series.reduce((sum, one) => sum + (one.counts[index] ?? 0), 0);
}

export interface Bar {
  key: Severity;
  bucket: number;
  /** Counts below it and with it. */
  from: number;
  to: number;
}

export function stackBars(volume: Volume): Bar[] {
  const base = new Array<number>(volume.buckets).fill(0);
  return volume.series.flatMap((one) =>
    one.counts.flatMap((count, bucket): Bar[] => {
      if (count === 0) return [];
      const from = base[bucket] ?? 0;
      base[bucket] = from + count;
      return [{ key: one.key, bucket, from, to: from + count }];
    }),
  );
}

/** A round top for the axis, and the line in its middle. */
export function axisTop(max: number): number {
  if (max <= 4) return Math.max(1, max);
  const step = niceStep(max, 4);
  return Math.ceil(max / step) * step;
}

/** Which bucket a moment is in; null outside. */
export function bucketAt(volume: Volume, millis: number): number | null {
  const index = Math.floor((millis - volume.start) / volume.step);
  return index >= 0 && index < volume.buckets ? index : null;
}

/** A drag, from the bucket where it begins to the one where it ends, both whole. */
export function brushed(volume: Volume, from: number, to: number): { from: number; to: number } {
  const [low, high] = from <= to ? [from, to] : [to, from];
  const floor = (at: number): number => volume.start + Math.floor((at - volume.start) / volume.step) * volume.step;
  return { from: floor(low), to: floor(high) + volume.step };
}
