import { expect, it } from 'vitest';
import { highlighter, splitByHits } from './highlight';

const hits = (q: string, text: string): string[] =>
  splitByHits(text, highlighter(q))
    .filter((piece) => piece.isHit)
    .map((piece) => piece.text);

it('marks whole words in any case', () => {
  expect(hits('timeout', 'Timeout after timeouts, TIMEOUT')).toEqual(['Timeout', 'TIMEOUT']);
  expect(hits('time*', 'timeouts and times')).toEqual(['timeouts', 'times']);
  expect(hits('*out', 'timeout outside')).toEqual(['timeout']);
});

it('marks phrases and expressions', () => {
  expect(hits('"connection reset"', 'the connection  reset by peer')).toEqual(['connection  reset']);
  expect(hits('/time ?out/', 'time out, timeout')).toEqual(['time out', 'timeout']);
  expect(hits('"a.b"', 'axb a.b')).toEqual(['a.b']);
});

it('marks what other quotes hold, and words of scripts without spaces', () => {
  expect(hits("'timed out' `a\\b`", 'timed out a\\b')).toEqual(['timed out', 'a\\b']);
  expect(hits('注文', '本日の注文が確定')).toEqual(['注文']);
  expect(hits('straße', 'straßen straße')).toEqual(['straße']);
});

it('leaves fields and what is not wanted alone', () => {
  expect(hits('service:cart cart', 'the cart')).toEqual(['cart']);
  expect(hits('service:cart -cart not basket', 'the cart basket')).toEqual([]);
  expect(hits('status:(error or ok) fine', 'error ok fine')).toEqual(['fine']);
  expect(hits('message:reset (a or b)', 'reset a b c')).toEqual(['reset', 'a', 'b']);
  expect(hits('-(a b) c', 'a b c')).toEqual(['c']);
});

it('survives what is no expression here', () => {
  expect(highlighter('/(?P<x>a)/')).toBeNull();
  expect(hits('/[/ ok', 'ok')).toEqual(['ok']);
  expect(highlighter('')).toBeNull();
  expect(splitByHits('all of it', null)).toEqual([{ text: 'all of it', isHit: false }]);
});
