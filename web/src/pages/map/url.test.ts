import { expect, it } from 'vitest';
import { cleanMap, decodeMap, encodeMap, type MapState } from './url';

it('comes back as it went', () => {
  const states: MapState[] = [
    { view: 'map', focus: null, find: '' },
    { view: 'list', focus: 'cart & co', find: 'pay' },
  ];
  for (const state of states) expect(decodeMap(encodeMap(state))).toEqual(state);
});

it('ignores what it does not know', () => {
  expect(decodeMap({ view: 'globe' })).toEqual({ view: 'map', focus: null, find: '' });
  expect(cleanMap({ focus: 'a', q: 'b' })).toEqual({ focus: 'a' });
});
