import { expect, it } from 'vitest';
import { bars, quantile, readHistogram } from './histogram';

const wire = {
  count: '10',
  sum: '12.5',
  buckets: [
    [3, '-0.001', '0.001', '2'],
    [0, '0.5', '1', '6'],
    [0, '1', '+Inf', '2'],
  ] as [number, string, string, string][],
};

it('reads buckets with their bounds', () => {
  const histogram = readHistogram(wire);
  expect(histogram.buckets.map((bucket) => bucket.text)).toEqual(['[-0.001, 0.001]', '(0.5, 1]', '(1, ∞]']);
  expect(histogram.buckets[2]?.high).toBe(Infinity);
  expect(readHistogram({ count: '0', sum: '0' }).buckets).toEqual([]);
});

it('finds quantiles', () => {
  const histogram = readHistogram(wire);
  expect(quantile(histogram, 0.5)).toBeCloseTo(0.75);
  expect(quantile(histogram, 0.99)).toBe(1);
  expect(quantile(readHistogram({ count: '0', sum: '0' }), 0.5)).toBeNaN();
});

it('draws the fullest bucket to the top', () => {
  const drawn = bars(readHistogram(wire));
  expect(drawn.map((bar) => bar.height)).toEqual([2 / 6, 1, 2 / 6]);
  expect(drawn.at(-1)?.x).toBeCloseTo(2 / 3);
  expect(bars(readHistogram({ count: '0', sum: '0' }))).toEqual([]);
});
