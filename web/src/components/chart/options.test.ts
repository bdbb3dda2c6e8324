import { expect, it } from 'vitest';
import { rangeOf } from './options';

const plain = { unit: 'none' as const, isStacked: false };

it('shows zero when it is near', () => {
  expect(rangeOf(1, 10, plain)[0]).toBe(0);
  expect(rangeOf(90, 100, plain)[0]).toBeGreaterThan(80);
  expect(rangeOf(90, 100, { ...plain, isStacked: true })[0]).toBe(0);
});

it('has room for straight lines and for nothing', () => {
  expect(rangeOf(5, 5, plain)).toEqual([0, 10]);
  expect(rangeOf(0, 0, plain)).toEqual([0, 1]);
  expect(rangeOf(-5, -5, plain)).toEqual([-10, 0]);
  expect(rangeOf(null, null, plain)).toEqual([0, 1]);
});

it('holds every value', () => {
  for (const [low, high] of [[-3, 7], [-9, -8], [0, 1e-9], [1e12, 2e12]] as const) {
    const [bottom, top] = rangeOf(low, high, plain);
    expect(bottom).toBeLessThanOrEqual(low);
    expect(top).toBeGreaterThanOrEqual(high);
  }
});
