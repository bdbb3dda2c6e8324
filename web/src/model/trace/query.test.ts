import { expect, it } from 'vitest';
import { parseSpanDuration, printSpanDuration } from './duration';
import { attributeQuery, composeQuery, durationFault, ofService, quoteValue } from './query';

const none = { q: '', service: null, operation: null, errors: false, own: true };

it('writes the filters in the search language', () => {
  expect(composeQuery(none)).toBe('');
  expect(composeQuery({ ...none, q: ' a or b ' })).toBe('a or b');
  expect(composeQuery({ q: 'a or b', service: 'cart', operation: 'GET /a', errors: true, own: false })).toBe(
    'service=cart name="GET /a" status:error (a or b)',
  );
  expect(composeQuery({ ...none, q: 'http.status:500', service: 'or' })).toBe('service="or" http.status:500');
});

it('leaves out what Pharos says of itself, unless it is asked for', () => {
  expect(composeQuery({ ...none, own: false })).toBe('-service=pharos');
  expect(composeQuery({ ...none, own: false, q: 'a or b' })).toBe('-service=pharos (a or b)');
  expect(composeQuery({ ...none, own: false, service: 'pharos' })).toBe('service=pharos');
  expect(composeQuery({ ...none, own: false, q: 'service:ph*' })).toBe('service:ph*');
  expect(composeQuery({ ...none, own: false, q: '-service:load' })).toBe('-service=pharos -service:load');
  expect(composeQuery({ ...none, own: false, q: 'service' })).toBe('-service=pharos service');
});

it('quotes what could be read otherwise', () => {
  expect(quoteValue('a-b_c.9')).toBe('a-b_c.9');
  expect(quoteValue('say "hi" \\')).toBe('"say \\"hi\\" \\\\"');
  expect(attributeQuery('http.status_code', 500)).toBe('http.status_code:500');
  expect(attributeQuery('http.route', '/a/*')).toBe('http.route:"/a/*"');
});

it('says what is wrong with limits', () => {
  expect(durationFault({ min: '', max: '' })).toBeNull();
  expect(durationFault({ min: '5ms', max: '1.5s' })).toBeNull();
  expect(durationFault({ min: 'fast', max: '' })).toContain('fast');
  expect(durationFault({ min: '', max: '5' })).toContain('“5”');
  expect(durationFault({ min: '2s', max: '1s' })).toContain('above');
});

it.each([
  ['500ms', 5e8],
  ['1.5s', 1.5e9],
  ['1m30s', 90e9],
  ['1m 30s', 90e9],
  ['20us', 2e4],
  ['20µs', 2e4],
  ['7ns', 7],
])('reads %s', (text, value) => {
  expect(parseSpanDuration(text)).toBe(value);
});

it.each(['', '5', 'ms', '5 apples', '5ms!', '-5ms'])('refuses %j', (text) => {
  expect(parseSpanDuration(text)).toBeNaN();
});

it('prints what it can read again', () => {
  for (const [value, text] of [
    [1.5e9, '1.5s'],
    [123_456_789, '123ms'],
    [4200, '4.2us'],
    [9, '9ns'],
    [90e9, '90s'],
  ] as const) {
    expect(printSpanDuration(value)).toBe(text);
  }
});

it('searches in one service', () => {
  expect(ofService('severity>=error', null)).toBe('severity>=error');
  expect(ofService('', 'cart')).toBe('service=cart');
  expect(ofService('a or b', 'my cart')).toBe('service="my cart" (a or b)');
});
