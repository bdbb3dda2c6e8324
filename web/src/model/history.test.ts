import { expect, it } from 'vitest';
import { addPast, HISTORY_MAX, isHistory } from './history';

it('keeps each query once, newest first', () => {
  const past = addPast(addPast(addPast([], 'up', 1), 'x', 2), ' up ', 3);
  expect(past).toEqual([
    { query: 'up', at: 3 },
    { query: 'x', at: 2 },
  ]);
  expect(addPast(past, '  ', 4)).toEqual(past);
});

it('forgets the oldest', () => {
  let past = addPast([], 'first', 0);
  for (let i = 0; i < HISTORY_MAX; i++) past = addPast(past, `q${i}`, i);
  expect(past).toHaveLength(HISTORY_MAX);
  expect(past.some((one) => one.query === 'first')).toBe(false);
});

it('refuses what another version stored', () => {
  expect(isHistory([{ query: 'up', at: 1 }])).toBe(true);
  expect(isHistory([{ query: 1 }])).toBe(false);
  expect(isHistory([null])).toBe(false);
  expect(isHistory({})).toBe(false);
});
