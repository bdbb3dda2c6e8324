import { expect, it } from 'vitest';
import { cleanServices, decodeServices, encodeServices, type ServicesState } from './url';

it('comes back as it went', () => {
  const states: ServicesState[] = [
    { find: '', sort: 'rate', descending: true },
    { find: 'cart', sort: 'name', descending: false },
    { find: '', sort: 'p95', descending: true },
  ];
  for (const state of states) expect(decodeServices(encodeServices(state))).toEqual(state);
});

it('writes nothing for what is usual, and ignores what it does not know', () => {
  expect(encodeServices({ find: '', sort: 'rate', descending: true })).toEqual({ find: '', sort: '' });
  expect(decodeServices({ sort: 'colour' })).toEqual({ find: '', sort: 'rate', descending: true });
  expect(cleanServices({ find: 'a', q: 'b', sort: 4 })).toEqual({ find: 'a' });
});
