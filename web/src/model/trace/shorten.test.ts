import { expect, it } from 'vitest';
import { shorten } from './shorten';

const measure = (text: string): number => [...text].length * 10;

it('ends with dots where there is no room for all', () => {
  expect(shorten('checkout', 80, measure)).toBe('checkout');
  expect(shorten('checkout', 79, measure)).toBe('checko…');
  expect(shorten('checkout', 20, measure)).toBe('c…');
  expect(shorten('checkout', 19, measure)).toBe('');
  expect(shorten('', 0, measure)).toBe('');
});

it('does not cut a letter of two halves', () => {
  expect(shorten('😀😀😀', 29, measure)).toBe('😀…');
});
