import { expect, it } from 'vitest';
import { colourFor, Colours } from './colours';

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `service-${index}`);
const coloursOf = (colours: Colours, names: readonly string[]): number[] =>
  names.map((name) => colours.of(name).colour);

it('gives each its own as long as there are enough', () => {
  expect(new Set(coloursOf(new Colours(16, 100), many(16))).size).toBe(16);
});

it('repeats them evenly beyond', () => {
  const counts = new Array<number>(16).fill(0);
  for (const colour of coloursOf(new Colours(16, 100), many(48))) counts[colour] = (counts[colour] ?? 0) + 1;
  expect(counts).toEqual(Array(16).fill(3));
});

it('keeps what was given, whoever is seen with it later', () => {
  const colours = new Colours(16, 100);
  const before = coloursOf(colours, many(10));
  coloursOf(colours, ['another', 'and another']);
  expect(coloursOf(colours, many(10).reverse())).toEqual([...before].reverse());
  const later = new Colours(16, 100, colours.entries());
  expect(coloursOf(later, many(10))).toEqual(before);
  expect(later.of('service-3').isNew).toBe(false);
});

it('begins with the colour of the name', () => {
  const unused = new Array<number>(16).fill(0);
  expect(new Colours(16, 100).of('cart').colour).toBe(colourFor('cart', unused));
});

it('keeps no more names than it may, and no colour that there is not', () => {
  const colours = new Colours(16, 2, [
    ['a', 16],
    ['b', 1.5],
    ['c', -1],
    ['d', 3],
  ]);
  expect(colours.entries()).toEqual([['d', 3]]);
  coloursOf(colours, many(5));
  expect(colours.entries()).toHaveLength(2);
  expect(colours.of('service-4')).toEqual(colours.of('service-4'));
});
