import { expect, it } from 'vitest';
import { stretches } from './stackLayer';

it('finds what lies between gaps', () => {
  expect(stretches([null, 1, 2, null, null, 3])).toEqual([
    [1, 3],
    [5, 6],
  ]);
  expect(stretches([0, 0])).toEqual([[0, 2]]);
  expect(stretches([null])).toEqual([]);
  expect(stretches([])).toEqual([]);
});
