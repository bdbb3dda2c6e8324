import { expect, it } from 'vitest';
import { withChosen } from './choices';

it('has what is chosen, once', () => {
  expect(withChosen(['a', 'b'], null)).toEqual(['a', 'b']);
  expect(withChosen(['a', 'b'], 'b')).toEqual(['a', 'b']);
  expect(withChosen(['a', 'b'], 'gone')).toEqual(['gone', 'a', 'b']);
});
