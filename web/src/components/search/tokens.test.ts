import { expect, it } from 'vitest';
import { tokensOf } from './tokens';

const told = (text: string): string =>
  tokensOf(text)
    .filter((token) => token.kind !== 'blank')
    .map((token) => `${token.kind}‹${text.slice(token.from, token.to)}›`)
    .join(' ');

it.each([
  ['service:checkout', 'field‹service› operator‹:› value‹checkout›'],
  ['severity>=error "connection reset"', 'field‹severity› operator‹>=› value‹error› string‹"connection reset"›'],
  [
    'duration>500ms size<=10MB n=-5',
    'field‹duration› operator‹>› number‹500ms› field‹size› operator‹<=› number‹10MB› field‹n› operator‹=› number‹-5›',
  ],
  ['http.route:/cart/*', 'field‹http.route› operator‹:› value‹/cart/*›'],
  [
    '-user.id:42 (a or b)',
    'not‹-› field‹user.id› operator‹:› number‹42› paren‹(› word‹a› keyword‹or› word‹b› paren‹)›',
  ],
  ['/conn.*ed/ body:/x y/', 'regex‹/conn.*ed/› field‹body› operator‹:› regex‹/x y/›'],
  ['status:(error or ok)', 'field‹status› operator‹:› paren‹(› word‹error› keyword‹or› word‹ok› paren‹)›'],
  ['a!=b exists:x', 'field‹a› operator‹!=› value‹b› field‹exists› operator‹:› value‹x›'],
  ['"open', 'string‹"open›'],
  ['order notable', 'word‹order› word‹notable›'],
  ['conn*', 'word‹conn*›'],
  ['größe:5', 'field‹größe› operator‹:› number‹5›'],
  ["'timed out' don't 'tis", "string‹'timed out'› word‹don't› word‹'tis›"],
  ['a:`b "c"`', 'field‹a› operator‹:› string‹`b "c"`›'],
  ['status:[500 TO 599] x', 'field‹status› operator‹:› number‹[500 TO 599]› word‹x›'],
])('%s', (text, expected) => {
  expect(told(text)).toBe(expected);
});

it('covers every character, whatever is typed', () => {
  for (const text of ['', ':::', '((a', '-', '"\\', '/', 'a:"b\\"c" /[/]/', '\u0000😀 = ']) {
    const tokens = tokensOf(text);
    expect(tokens.map((token) => text.slice(token.from, token.to)).join('')).toBe(text);
  }
});
