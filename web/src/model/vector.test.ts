import { describe, expect, it } from 'vitest';
import type { QueryData } from '@/api/query';
import { buildTable, filterRows, sortRows, VALUE } from './vector';

const data: QueryData = {
  resultType: 'vector',
  result: [
    { metric: { __name__: 'x', cpu: '10', job: 'n' }, value: [1, '3'] },
    { metric: { __name__: 'x', cpu: '2', job: 'n' }, value: [1, 'NaN'] },
    { metric: { __name__: 'x', cpu: '1', job: 'n' }, value: [1, '+Inf'] },
    { metric: { __name__: 'x', job: 'n' }, histogram: [1, { count: '7', sum: '2' }] },
  ],
};

describe('tables', () => {
  const table = buildTable(data);

  it('has columns only for what varies', () => {
    expect(table.shape.varying).toEqual(['cpu']);
    expect(table.shape.common).toEqual({ __name__: 'x', job: 'n' });
  });

  it('sorts numbers as numbers and keeps the rest last', () => {
    expect(sortRows(table.rows, { key: VALUE, descending: true }).map((row) => row.text)).toEqual([
      '+Inf',
      'count=7 sum=2',
      '3',
      'NaN',
    ]);
    expect(sortRows(table.rows, { key: VALUE, descending: false }).at(-1)?.text).toBe('NaN');
    const byCpu = sortRows(table.rows, { key: 'cpu', descending: false });
    expect(byCpu.map((row) => row.labels['cpu'] ?? '')).toEqual(['', '1', '2', '10']);
  });

  it('filters by label and value', () => {
    expect(filterRows(table.rows, 'cpu=2')).toHaveLength(1);
    expect(filterRows(table.rows, '')).toHaveLength(4);
    expect(filterRows(table.rows, 'absent')).toHaveLength(0);
  });
});

it('shows scalars, strings and range vectors', () => {
  expect(buildTable({ resultType: 'scalar', result: [5, '1.5'] }).rows).toMatchObject([{ value: 1.5, text: '1.5' }]);
  expect(buildTable({ resultType: 'string', result: [5, '12'] }).rows[0]?.value).toBeNaN();
  const range: QueryData = {
    resultType: 'matrix',
    result: [
      {
        metric: {},
        values: [
          [1, '2'],
          [2, '3'],
        ],
      },
    ],
  };
  expect(buildTable(range).rows.map((row) => row.time)).toEqual([1, 2]);
});
