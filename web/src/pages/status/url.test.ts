import { expect, it } from 'vitest';
import { cleanStatus, decodeStatus, encodeStatus, STATUS_VIEWS } from './url';

it('comes back as it went', () => {
  for (const view of STATUS_VIEWS) {
    const state = { view, find: 'web.' };
    expect(decodeStatus(encodeStatus(state))).toEqual(state);
  }
});

it('begins with the overview', () => {
  expect(decodeStatus(cleanStatus({ view: 'nothing', other: 'x' }))).toEqual({ view: 'overview', find: '' });
});
