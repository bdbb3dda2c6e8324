import { expect, it } from 'vitest';
import { parseSearch, printSearch } from './search';

it('comes back as it went', () => {
  const search = { a: 'rate(x{job="a&b"}[5m]) + 1', from: 'now-1h', ü: '#%' };
  expect(parseSearch(printSearch(search))).toEqual(search);
});

it('writes nothing for nothing', () => {
  expect(printSearch({ a: '', b: undefined, c: 5 })).toBe('');
});
