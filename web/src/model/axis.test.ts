import { describe, expect, it } from 'vitest';
import type { Unit } from '@/lib/format';
import { printTicks, rangeOf, valueTicks } from './axis';

const plain = (low: number | null, high: number | null, isFromZero = false): [number, number] =>
  rangeOf(low, high, 'none', isFromZero);

describe('the range', () => {
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
      [99.999, 100],
      [-100, -99.999],
    ] as const) {
      const [bottom, top] = plain(low, high);
      expect(bottom).toBeLessThanOrEqual(low);
      expect(top).toBeGreaterThanOrEqual(high);
    }
  });

  it('does not blow up what is left of floating-point sums', () => {
    expect(plain(47.21, 47.21 + 1e-12)).toEqual([0, 2 * (47.21 + 1e-12)]);
    const [bottom, top] = plain(100, 100.01);
    expect(top - bottom).toBeCloseTo(0.10001, 4);
  });

  it('of moments is near them', () => {
    const at = 1_700_000_000;
    expect(rangeOf(at, at, 'timestamp', false)).toEqual([at - 1800, at + 1800]);
    expect(rangeOf(at, at, 'timestamp', true)[0]).toBe(at - 1800);
    const [bottom, top] = rangeOf(at, at + 86_400, 'timestamp', false);
    expect(bottom).toBeGreaterThan(at - 10_000);
    expect(top).toBeGreaterThan(at + 86_400);
  });
});

describe('the marks', () => {
  const UNITS: Unit[] = ['none', 'bytes', 'bytes/s', 'seconds', 'milliseconds', 'ratio', 'per-second', 'timestamp'];
  const RANGES = [
    [0, 1],
    [0, 3e-7],
    [47.209, 47.212],
    [0.0471, 0.0472],
    [3550, 3710],
    [12_340, 12_360],
    [59, 61],
    [3_599_995, 3_600_005],
    [100 * 2 ** 20, 100.2 * 2 ** 20],
    [0, 1.4 * 2 ** 30],
    [-20, 20],
    [1_700_000_000, 1_700_000_010],
  ] as const;

  it.each(UNITS)('of %s are told apart and evenly spaced', (unit) => {
    for (const [low, high] of RANGES) {
      const [bottom, top] = rangeOf(low, high, unit, false);
      const ticks = valueTicks(bottom, top, 8, unit);
      expect(ticks.length, `${low}–${high}`).toBeGreaterThan(2);
      const texts = printTicks(ticks, unit);
      expect(new Set(texts).size, texts.join(' ')).toBe(texts.length);
      const steps = ticks.slice(1).map((tick, at) => tick - (ticks[at] ?? 0));
      const size = Math.max(...ticks.map(Math.abs));
      for (const step of steps) expect(Math.abs(step - (steps[0] ?? 0))).toBeLessThan(size * 1e-9);
    }
  });

  it('of bytes are not left to one', () => {
    const ticks = valueTicks(61.2 * 2 ** 20, 67.8 * 2 ** 20, 3.2, 'bytes');
    expect(printTicks(ticks, 'bytes')).toEqual(['62 MiB', '64 MiB', '66 MiB']);
  });

  it.each<[readonly number[], Unit, string[]]>([
    [[0, 0.25, 0.5], 'none', ['0', '0.25', '0.50']],
    [[47.2, 47.205, 47.21], 'milliseconds', ['47.200 ms', '47.205 ms', '47.210 ms']],
    [[0, 0.05, 0.1], 'per-second', ['0 /s', '0.05 /s', '0.10 /s']],
    [[0, 5000, 10_000], 'none', ['0 k', '5 k', '10 k']],
    [[0, 2 ** 28, 2 ** 29, 2 ** 30], 'bytes', ['0 GiB', '0.25 GiB', '0.50 GiB', '1.00 GiB']],
    [[0, 0.02, 0.04], 'ratio', ['0 %', '2 %', '4 %']],
    [[-1, 0, 1], 'none', ['−1', '0', '1']],
    [[0, 1e-7, 2e-7], 'none', ['0', '1e-7', '2e-7']],
    [[0, 30, 60, 90], 'seconds', ['0 s', '30 s', '1 min', '1 min 30 s']],
    [[3600, 3600.5], 'seconds', ['1 h', '1 h 0.5 s']],
    [[0, 86_400, 172_800], 'timestamp', ['1970-01-01', '1970-01-02', '1970-01-03']],
    [[1_700_000_000, 1_700_000_060], 'timestamp', ['11-14 22:13', '11-14 22:14']],
    [[0, 1], 'bool', ['0', '1']],
    [[], 'none', []],
    [[7], 'none', ['7']],
  ])('%j as %s', (ticks, unit, texts) => {
    expect(printTicks(ticks, unit)).toEqual(texts);
  });
});
