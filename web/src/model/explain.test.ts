import { expect, it } from 'vitest';
import { flatten, hottest } from './explain';

const leaf = { expr: 'x[5m]', series: 10, samples: 1000, duration_ms: 6 };
const root = {
  expr: 'sum(rate(x[5m]))',
  series: 1,
  samples: 10,
  duration_ms: 10,
  children: [{ expr: 'rate(x[5m])', series: 10, samples: 100, duration_ms: 9, children: [leaf] }],
};

it('lists parts before their own parts, with what each cost by itself', () => {
  const costs = flatten(root, 10);
  expect(costs.map((cost) => [cost.depth, cost.own])).toEqual([
    [0, 1],
    [1, 3],
    [2, 6],
  ]);
  expect(hottest(costs)?.expr).toBe('x[5m]');
  expect(costs.reduce((sum, cost) => sum + cost.share, 0)).toBeCloseTo(1);
});

it('says what has no time of its own', () => {
  const [sum, selector] = flatten(
    { ...root, children: [{ ...leaf, series: 0, series_in: 7, duration_ms: 0, fused: true, once: true }] },
    10,
  );
  expect([sum?.isFused, sum?.own]).toEqual([false, 10]);
  expect([selector?.isFused, selector?.isOnce, selector?.series]).toEqual([true, true, 7]);
});

it('survives clocks that do not add up', () => {
  const odd = flatten({ ...root, duration_ms: 1 }, 0);
  expect(odd[0]?.own).toBe(0);
  expect(odd.every((cost) => cost.share === 0)).toBe(true);
  expect(hottest([])).toBeNull();
});
