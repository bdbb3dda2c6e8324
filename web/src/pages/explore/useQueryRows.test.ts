import { expect, it } from 'vitest';
import { mergeRows } from './useQueryRows';

const a = { id: 'a', expr: 'up', isOn: true };

it('shows drafts of the query they were typed over, and drops others', () => {
  expect(mergeRows([a], { a: { base: 'up', text: 'up == 0' } }, [])[0]?.draft).toBe('up == 0');
  expect(mergeRows([a], { a: { base: 'older', text: 'x' } }, [])[0]?.draft).toBe('up');
});

it('adds empty rows in order, once', () => {
  expect(mergeRows([a, { id: 'c', expr: 'x', isOn: true }], {}, ['b', 'c']).map((row) => row.id)).toEqual([
    'a',
    'b',
    'c',
  ]);
});
