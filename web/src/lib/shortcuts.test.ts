import { expect, it } from 'vitest';
import { match, pressOf, printKeys, type Shortcut } from './shortcuts';

const run = (): void => undefined;
const all: Shortcut[] = [
  { keys: 'mod+k', title: 'palette', group: '', run, inFields: true },
  { keys: 'g t', title: 'targets', group: '', run },
  { keys: 't', title: 'time', group: '', run },
];
const press = (key: string, ctrlKey = false) => pressOf({ key, ctrlKey, metaKey: false, altKey: false });

it('finds single keys and chords', () => {
  expect(match(all, press('t'), null, false).shortcut?.title).toBe('time');
  expect(match(all, press('K', true), null, false).shortcut?.title).toBe('palette');
  expect(match(all, press('k'), null, false)).toEqual({ shortcut: null, pending: null });
});

it('a pair wins over its second key alone', () => {
  expect(match(all, press('g'), null, false).pending).toBe('g');
  expect(match(all, press('t'), 'g', false).shortcut?.title).toBe('targets');
});

it('leaves fields alone', () => {
  expect(match(all, press('t'), null, true).shortcut).toBeNull();
  expect(match(all, press('k', true), null, true).shortcut?.title).toBe('palette');
});

it('prints keys', () => {
  expect(printKeys('mod+k', true)).toEqual(['⌘', 'K']);
  expect(printKeys('g t', false)).toEqual(['G', 'T']);
  expect(printKeys('+', false)).toEqual(['+']);
  expect(printKeys('arrowdown', false)).toEqual(['↓']);
  expect(printKeys('escape', false)).toEqual(['Esc']);
});
