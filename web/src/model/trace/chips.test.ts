import { expect, it } from 'vitest';
import { fitting } from './chips';

it('shows all that fit', () => {
  expect(fitting([50, 110, 180], 3, 180, 30)).toEqual({ count: 3, end: 180 });
  expect(fitting([], 0, 180, 30)).toEqual({ count: 0, end: 0 });
});

it('leaves room for how many more there are', () => {
  expect(fitting([50, 110, 180], 3, 179, 30)).toEqual({ count: 2, end: 110 });
  expect(fitting([50, 110, 180], 3, 130, 30)).toEqual({ count: 1, end: 50 });
  expect(fitting([50, 110], 9, 500, 30)).toEqual({ count: 2, end: 110 });
  expect(fitting([50], 1, 20, 30)).toEqual({ count: 0, end: 0 });
});
