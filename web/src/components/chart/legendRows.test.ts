import { expect, it } from 'vitest';
import type { Unit } from '@/lib/format';
import { statsOf, type ChartSeries } from '@/model/chart';
import { FIRST_SORT, nextSort, numberWidth, sortRows } from './legendRows';

const line = (name: string, values: (number | null)[], unit: Unit = 'none'): ChartSeries => ({
  key: name,
  query: 'A',
  labels: {},
  name,
  unit,
  values,
  stats: statsOf(values),
});
const lines = [
  line('cpu10', [1, 2], 'ratio'),
  line('none', [null], 'ratio'),
  line('memory', [9], 'bytes'),
  line('cpu2', [9, 3], 'ratio'),
];
const names = (sort: typeof FIRST_SORT): string[] => sortRows(lines, sort).map((row) => row.series.name);

it('begins with the largest of the last values, a unit after the other', () => {
  expect(names(FIRST_SORT)).toEqual(['cpu2', 'cpu10', 'none', 'memory']);
  expect(names({ by: 'last', isDescending: false })).toEqual(['cpu10', 'cpu2', 'none', 'memory']);
  expect(names({ by: 'name', isDescending: false })).toEqual(['cpu2', 'cpu10', 'memory', 'none']);
  expect(sortRows(lines, FIRST_SORT).map((row) => row.index)).toEqual([3, 0, 1, 2]);
});

it('turns around at the second click', () => {
  expect(nextSort(FIRST_SORT, 'last')).toEqual({ by: 'last', isDescending: false });
  expect(nextSort(FIRST_SORT, 'name')).toEqual({ by: 'name', isDescending: false });
  expect(nextSort({ by: 'name', isDescending: true }, 'max')).toEqual({ by: 'max', isDescending: true });
});

it('has room for the longest number', () => {
  expect(numberWidth([])).toBe(0);
  expect(numberWidth([line('up', [1])])).toBe(1);
  expect(numberWidth([line('up', [1]), line('start', [1_700_000_000], 'timestamp')])).toBe(19);
});
