import { expect, it } from 'vitest';
import type { Labels } from '@/api/query';
import { layoutTable, printFolded } from './tableLayout';
import type { Row } from './vector';

const row = (labels: Labels): Row => ({ labels, value: 1, text: '1', histogram: null, time: 0 });
const repeat = (count: number, labels: Labels): Row[] => Array.from({ length: count }, () => row(labels));

it('measures columns by what stands in them', () => {
  const rows = [row({ __name__: 'a_long_name_of_a_metric', le: '0.5' }), row({ __name__: 'x'.repeat(60), le: '10' })];
  const layout = layoutTable(rows, ['__name__', 'le'], 1000, 2);
  expect(layout).toEqual({
    columns: [
      { name: '__name__', chars: 40 },
      { name: 'le', chars: 6 },
    ],
    folded: [],
    foldedChars: 0,
  });
});

it('folds labels that few rows have', () => {
  const rows = [...repeat(98, { __name__: 'up', job: 'a' }), row({ a: '1', job: 'b' }), row({ b: '22', job: 'b' })];
  const layout = layoutTable(rows, ['__name__', 'job', 'a', 'b'], 1000, 2);
  expect(layout.columns.map((one) => one.name)).toEqual(['__name__', 'job']);
  expect(layout.folded).toEqual(['a', 'b']);
  expect(layout.foldedChars).toBe('labels'.length);
  expect(printFolded({ b: '22', a: '"', job: 'x' }, layout.folded)).toBe('a="\\"" b="22"');
});

it('keeps a label that would be alone', () => {
  const rows = [...repeat(99, { job: 'a' }), row({ job: 'b', a: '1' })];
  expect(layoutTable(rows, ['job', 'a'], 1000, 2).folded).toEqual([]);
});

it('folds the emptiest where there is no room, never what most rows have', () => {
  const rows = [
    ...repeat(6, { __name__: 'n'.repeat(20), instance: 'i'.repeat(20) }),
    ...repeat(3, { __name__: 'n'.repeat(20), some: 's'.repeat(20) }),
    ...repeat(2, { __name__: 'n'.repeat(20), few: 'f'.repeat(20) }),
  ];
  const names = ['__name__', 'instance', 'some', 'few'];
  expect(layoutTable(rows, names, 90, 2).folded).toEqual([]);
  const tight = layoutTable(rows, names, 75, 2);
  expect(tight.folded).toEqual(['some', 'few']);
  expect(tight.columns.map((one) => one.name)).toEqual(['__name__', 'instance']);
  expect(layoutTable([], ['job'], 10, 2).columns).toHaveLength(1);
});
