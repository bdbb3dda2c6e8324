import { expect, it } from 'vitest';
import { cleanTargets, decodeTargets, encodeTargets, type TargetsState } from './url';

it('comes back as it went', () => {
  const states: TargetsState[] = [
    { view: 'dropped', state: 'down', pool: 'a b&c', find: 'x=y' },
    { view: 'active', state: null, pool: null, find: '' },
  ];
  for (const state of states) expect(decodeTargets(encodeTargets(state))).toEqual(state);
});

it('ignores what it does not know', () => {
  expect(cleanTargets({ state: 'up', from: 'now', pool: 5 })).toEqual({ state: 'up' });
  expect(decodeTargets({ state: 'sideways', view: 'x' })).toMatchObject({ state: null, view: 'active' });
});
