import { expect, it } from 'vitest';
import { rangeOf } from './options';

const plain = (low: number | null, high: number | null, isStacked = false): [number, number] =>
  rangeOf(low, high, 'none', isStacked);

it('shows zero when it is near', () => {
  expect(plain(1, 10)[0]).toBe(0);
  expect(plain(90, 100)[0]).toBeGreaterThan(80);
  expect(plain(90, 100, true)[0]).toBe(0);
});

it('has room for straight lines and for nothing', () => {
  expect(plain(5, 5)).toEqual([0, 10]);
  expect(plain(0, 0)).toEqual([0, 1]);
  expect(plain(-5, -5)).toEqual([-10, 0]);
  expect(plain(null, null)).toEqual([0, 1]);
});

it('holds every value', () => {
  for (const [low, high] of [
    [-3, 7],
    [-9, -8],
    [0, 1e-9],
    [1e12, 2e12],
  ] as const) {
    const [bottom, top] = plain(low, high);
    expect(bottom).toBeLessThanOrEqual(low);
    expect(top).toBeGreaterThanOrEqual(high);
  }
});
