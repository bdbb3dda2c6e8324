import { expect, it } from 'vitest';
import { parseExact, prettyExact } from './json';

/** Engines of 2023 and later tell revivers the digits. */
let isTold = false;
const listen = (_: string, value: unknown, context?: { source?: string }): unknown => {
  isTold = context?.source === '1';
  return value;
};
JSON.parse('1', listen);

it.runIf(isTold)('keeps every digit of a long number', () => {
  const text =
    '{"id":1234567890123456789,"small":42,"f":1.5,"list":[-9007199254740993],"huge":1e300,"t":"1234567890123456789"}';
  expect(parseExact(text)).toEqual({
    id: '1234567890123456789',
    small: 42,
    f: 1.5,
    list: ['-9007199254740993'],
    huge: 1e300,
    t: '1234567890123456789',
  });
  expect(prettyExact('{"id":1234567890123456789,"huge":1e300}')).toBe(
    '{\n  "id": 1234567890123456789,\n  "huge": 1e+300\n}',
  );
});

it('reads what has none as it is', () => {
  expect(parseExact('{"a":[1,"x",null]}')).toEqual({ a: [1, 'x', null] });
  expect(prettyExact('[1]')).toBe('[\n  1\n]');
  expect(() => parseExact('{1234567890123456789')).toThrow();
});
