import { expect, it } from 'vitest';
import { bytesBefore, placeOfBytes } from './bytes';

it.each(['plain', 'größe:5', '価格>3', 'a😀b'])('comes back in %s', (text) => {
  let at = 0;
  for (const char of text) {
    expect(placeOfBytes(text, bytesBefore(text, at))).toBe(at);
    at += char.length;
  }
  expect(placeOfBytes(text, bytesBefore(text, text.length))).toBe(text.length);
});

it('stays within the text', () => {
  expect(placeOfBytes('ab', 99)).toBe(2);
  expect(placeOfBytes('ä', 1)).toBe(0);
});
