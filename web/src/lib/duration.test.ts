import { describe, expect, it } from 'vitest';
import { millis } from './brand';
import { parseDuration, printDuration } from './duration';

describe('durations', () => {
  it.each([
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['2w', 14 * 86_400_000],
    [' 5m ', 300_000],
  ])('reads %s', (text, value) => {
    expect(parseDuration(text)).toBe(value);
  });

  it.each(['', '0s', '5', '5m1h', 'abc', '-5m', '1.5h'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it('prints what it reads', () => {
    for (const text of ['15s', '1h30m', '500ms', '14d', '1d2h3m4s5ms']) {
      const value = parseDuration(text);
      expect(value).not.toBeNull();
      expect(printDuration(value ?? millis(0))).toBe(text);
    }
  });
});
