import { expect, it } from 'vitest';
import type { Unit } from '@/lib/format';
import { statsOf, type ChartSeries } from '@/model/chart';
import { tipOf } from './tip';

const line = (value: number | null, unit: Unit = 'none'): ChartSeries => ({
  key: `${value}`,
  query: 'A',
  labels: {},
  name: '',
  unit,
  values: [value],
  stats: statsOf([value]),
});

const values = (series: ChartSeries[], focused = -1, isStacked = false) =>
  tipOf(series, 0, focused, isStacked).lines.map((one) => one.value);

it('tells the largest of each unit first', () => {
  expect(values([line(0.2, 'per-second'), line(0.002, 'seconds'), line(5, 'per-second'), line(3, 'seconds')])).toEqual([
    5, 0.2, 3, 0.002,
  ]);
  expect(values([line(1), line(3), line(2)], -1, true)).toEqual([2, 3, 1]);
});

it('counts zeros where there are many, except the one that is pointed at', () => {
  const many = [line(0), line(1), line(0), line(0), line(null)];
  expect(tipOf(many, 0, -1, false)).toMatchObject({ zeros: 3, more: 0, lines: [{ value: 1 }] });
  expect(tipOf(many, 0, 0, false)).toMatchObject({ zeros: 0, more: 0 });
  expect(values([...many, line(0)], 2)).toEqual([1, 0]);
  expect(values([line(0), line(1)])).toEqual([1, 0]);
});

it('always has the one that is pointed at', () => {
  const series = Array.from({ length: 30 }, (_, index) => line(30 - index));
  const tip = tipOf(series, 0, 25, false);
  expect(tip.lines.some((one) => one.index === 25)).toBe(true);
  expect([tip.lines.length, tip.more]).toEqual([10, 20]);
});
