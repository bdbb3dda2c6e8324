// Native histograms as they travel: buckets with text bounds, drawn as bars.
import type { WireBucket, WireHistogram } from '@/api/query';

export interface Bucket {
  low: number;
  high: number;
  count: number;
  /** `(0.1, 0.2]` */
  text: string;
}

export interface Histogram {
  count: number;
  sum: number;
  buckets: Bucket[];
}

const BRACKETS: Record<number, [string, string]> = { 0: ['(', ']'], 1: ['[', ')'], 2: ['(', ')'], 3: ['[', ']'] };

export function readHistogram(wire: WireHistogram): Histogram {
  return { count: Number(wire.count), sum: Number(wire.sum), buckets: (wire.buckets ?? []).map(readBucket) };
}

function readBucket([bounds, low, high, count]: WireBucket): Bucket {
  const [left, right] = BRACKETS[bounds] ?? ['(', ']'];
  const short = (bound: string): string => bound.replace('+Inf', '∞').replace('-Inf', '−∞');
  return {
    low: bound(low),
    high: bound(high),
    count: Number(count),
    text: `${left}${short(low)}, ${short(high)}${right}`,
  };
}

function bound(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

/** The value below which the share `q` of the observations lies, by straight lines inside buckets. */
export function quantile(histogram: Histogram, q: number): number {
  const rank = q * histogram.count;
  let seen = 0;
  for (const bucket of histogram.buckets) {
    if (seen + bucket.count >= rank && bucket.count > 0) {
      if (!Number.isFinite(bucket.high)) return bucket.low;
      if (!Number.isFinite(bucket.low)) return bucket.high;
      return bucket.low + (bucket.high - bucket.low) * ((rank - seen) / bucket.count);
    }
    seen += bucket.count;
  }
  return NaN;
}

export interface Bar {
  /** Shares of the width and height, 0–1. */
  x: number;
  width: number;
  height: number;
  bucket: Bucket;
}

/** Bars of equal width, one a bucket: exponential buckets drawn to scale would hide the small ones. */
export function bars(histogram: Histogram): Bar[] {
  const filled = histogram.buckets.filter((bucket) => bucket.count > 0);
  const top = Math.max(...filled.map((bucket) => bucket.count));
  return filled.map((bucket, index) => ({
    x: index / filled.length,
    width: 1 / filled.length,
    height: bucket.count / top,
    bucket,
  }));
}
