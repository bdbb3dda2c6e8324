import { expect, it } from 'vitest';
import { between, instantOfNanos, parseInstant, plus, printInstant, toMillis } from './instant';

const at = (text: string) => {
  const found = parseInstant(text);
  if (found === null) throw new Error(text);
  return found;
};

it('keeps every nanosecond', () => {
  const text = '2026-11-20T12:00:00.123456789Z';
  expect(printInstant(at(text))).toBe(text);
  expect(between(at(text), at('2026-11-20T12:00:01.123456790Z'))).toBe(1_000_000_001);
  expect(between(at('2026-11-20T12:00:01Z'), at('2026-11-20T12:00:00.5Z'))).toBe(-500_000_000);
});

it.each([
  ['2026-11-20T12:00:00Z', 0],
  ['2026-11-20T12:00:00', 0],
  ['2026-11-20 12:00:00.5Z', 500_000_000],
  ['2026-11-20T14:00:00.000000001+02:00', 1],
  ['2026-11-20T12:00:00.1234567891Z', 123_456_789],
])('reads %s', (text, nanos) => {
  expect(at(text)).toEqual({ seconds: Date.UTC(2026, 10, 20, 12) / 1000, nanos });
});

it.each(['', 'now', '2026-11-20', '12:00', '2026-13-40T00:00:00Z'])('refuses %j', (text) => {
  expect(parseInstant(text)).toBeNull();
});

it('reads nanoseconds since 1970', () => {
  expect(instantOfNanos('1763640000123456789')).toEqual({ seconds: 1_763_640_000, nanos: 123_456_789 });
  expect(instantOfNanos(5)).toEqual({ seconds: 0, nanos: 5 });
  expect(instantOfNanos('12x')).toBeNull();
  expect(instantOfNanos('-1')).toBeNull();
});

it('adds across seconds', () => {
  expect(plus({ seconds: 1, nanos: 900_000_000 }, 200_000_000)).toEqual({ seconds: 2, nanos: 100_000_000 });
  expect(plus({ seconds: 1, nanos: 0 }, -1)).toEqual({ seconds: 0, nanos: 999_999_999 });
  expect(toMillis({ seconds: 2, nanos: 500_000 })).toBe(2000.5);
});
