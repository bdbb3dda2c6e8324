import { expect, it } from 'vitest';
import { ApiError, RefusedError } from '@/api/client';
import { readSearchFault } from './searchFault';

const refused = (line: number, column: number) =>
  new RefusedError(400, 'bad_query', 'unknown operator', { line, column }, 'write >=');

it('finds the place', () => {
  expect(readSearchFault(refused(1, 9), 'service:cart duration=>5')).toMatchObject({
    message: 'unknown operator',
    hint: 'write >=',
    place: { from: 8, to: 12 },
  });
  expect(readSearchFault(refused(2, 3), 'a\nb cd')?.place).toEqual({ from: 4, to: 6 });
  expect(readSearchFault(refused(1, 4), '😀b x')?.place).toEqual({ from: 4, to: 5 });
  expect(readSearchFault(refused(1, 99), 'ab')?.place).toEqual({ from: 2, to: 3 });
});

it('finds the place in what was typed, after the terms of filters', () => {
  expect(readSearchFault(refused(1, 15), 'a => 5', 'service=cart a => 5')).toMatchObject({
    column: 2,
    place: { from: 1, to: 2 },
  });
  expect(readSearchFault(refused(1, 17), 'a => b or c', 'service=cart (a => b or c)')?.column).toBe(3);
  // The bracket around it is not what was typed.
  expect(readSearchFault(refused(1, 14), '(a or b', 'service=cart ((a or b)')?.column).toBe(1);
  expect(readSearchFault(refused(1, 24), '(a or b', 'service=cart ((a or b)')?.column).toBe(8);
});

it('tells faults of the search from others', () => {
  expect(readSearchFault(new ApiError(400, 'http', 'no'), 'a')).toMatchObject({ message: 'no', place: null });
  expect(readSearchFault(new RefusedError(400, 'bad_parameter', 'limit', null, null), 'a')).toBeNull();
  expect(readSearchFault(new RefusedError(503, 'busy', 'later', null, null), 'a')).toBeNull();
  expect(readSearchFault(new Error('x'), 'a')).toBeNull();
  expect(readSearchFault(null, 'a')).toBeNull();
});
