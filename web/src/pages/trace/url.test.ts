import { expect, it } from 'vitest';
import { cleanTrace, decodeTrace, encodeTrace, type TraceState } from './url';

const plain: TraceState = {
  view: 'timeline',
  span: null,
  find: '',
  zoom: null,
  group: 'span',
  other: null,
  isAligned: false,
};

it('comes back as it went', () => {
  const states: TraceState[] = [
    plain,
    { ...plain, view: 'table', span: 'ab12', find: 'db=x y', zoom: { from: 0, to: 4500 } },
    { ...plain, group: 'operation', other: 'ff00', isAligned: true },
  ];
  for (const state of states) expect(decodeTrace(encodeTrace(state))).toEqual(state);
});

it('ignores what it does not know', () => {
  expect(cleanTrace({ view: 'flame', from: 'now', span: 7 })).toEqual({ view: 'flame' });
  expect(decodeTrace({ view: 'upside-down', zoom: '9-3', group: 'colour' })).toEqual(plain);
  expect(decodeTrace({ zoom: 'all' }).zoom).toBeNull();
});
