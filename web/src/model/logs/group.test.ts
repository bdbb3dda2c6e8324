import { expect, it } from 'vitest';
import { groupRows, nextOrder, readGroups, rowTerms } from './group';

const table = readGroups(
  {
    columns: [
      { name: 'service', type: 'str' },
      { name: 'count', type: 'int' },
      { name: 'p95(duration)', type: 'int', unit: 'ns' },
      { name: 'error_rate', type: 'double', unit: 'ratio' },
      { name: 'min(time)', type: 'int' },
      { name: 'rate', type: 'double', unit: '1/s' },
    ],
    rows: [
      ['cart', 1200, 1_500_000, 0.25, 1_767_225_600e9, 2.5],
      [null, 3, null, 0, null, 0],
    ],
    groups: 7,
  },
  1,
  true,
);

it('shows numbers with their units', () => {
  const shown = table.rows.map((row) => row.map((cell, index) => table.columns[index]?.format(cell)));
  expect(shown[0]).toEqual(['cart', '1\u202f200', '1.5 ms', '25 %', '2026-01-01 00:00', '2.5 /s']);
  expect(shown[1]).toEqual(['none', '3', '–', '0 %', '–', '0 /s']);
  expect(table).toMatchObject({ most: 1200, groups: 7 });
});

it('finds the events of a row', () => {
  expect(rowTerms(['service', 'http.status'], ['cart', 500])).toEqual(['service:cart', 'http.status:500']);
  expect(rowTerms(['user id'], [null])).toEqual(['-exists:"user id"']);
});

it('turns the order round', () => {
  expect(nextOrder('-count', 'count', false)).toBe('count');
  expect(nextOrder('count', 'count', false)).toBe('-count');
  expect(nextOrder('-count', 'service', true)).toBe('service');
});

it('becomes rows of a file', () => {
  expect(groupRows(table)[2]).toEqual(['', '3', '', '0', '', '0']);
});
