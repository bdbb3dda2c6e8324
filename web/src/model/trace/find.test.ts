import { expect, it } from 'vitest';
import { findSpans, nextOf, splitWords } from './find';
import { failed, node, sql, trace } from './fixtures';

const found = trace([
  node('shop: POST /cart', 0, 100, { ...failed('card declined'), resource: { 'k8s.pod.name': 'shop-1' } }, [
    node('db: query', 10, 20, sql("SELECT 'A B' FROM carts")),
    node('mail: send', 30, 40, {
      attributes: { retries: 3, tags: ['x', 'y'] },
      events: [{ time: '', name: 'exception', attributes: { 'exception.message': 'timed out' } }],
    }),
  ]),
]);

it.each([
  ['', []],
  ['   ', []],
  ['cart', [0, 1]],
  ['CART declined', [0]],
  ['declined', [0]],
  ['error', [0]],
  ['service=mail', [2]],
  ['name=send retries=3', [2]],
  ['retries=4', []],
  ['db.statement="a b"', [1]],
  ['"timed out"', [2]],
  ['shop-1', [0]],
  ['tags=["x"', [2]],
  ['0000000000000003', [2]],
])('%s', (text, expected) => {
  expect(findSpans(found, text)).toEqual(expected);
});

it('splits as it is quoted', () => {
  expect(splitWords('a "b c" d="e f" "open end')).toEqual(['a', 'b c', 'd=e f', 'open end']);
});

it('goes round', () => {
  expect(nextOf([2, 5, 9], 5, 1)).toBe(9);
  expect(nextOf([2, 5, 9], 9, 1)).toBe(2);
  expect(nextOf([2, 5, 9], 2, -1)).toBe(9);
  expect(nextOf([2, 5, 9], -1, 1)).toBe(2);
  expect(nextOf([], 5, 1)).toBeNull();
});
