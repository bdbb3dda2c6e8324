import { describe, expect, it } from 'vitest';
import { millis } from '@/lib/brand';
import {
  absolute,
  describeRange,
  hasLater,
  isRelative,
  parseMoment,
  parseTyped,
  PRESETS,
  printMoment,
  resolveRange,
  shift,
  zoomIn,
  zoomOut,
} from './timeRange';

const now = millis(Date.UTC(2026, 0, 15, 12, 34, 56));
const HOUR = 3_600_000;

describe('moments', () => {
  it('reads what is relative to now', () => {
    expect(parseMoment('now', now)).toBe(now);
    expect(parseMoment('now-6h', now)).toBe(now - 6 * HOUR);
    expect(parseMoment('now+1h30m', now)).toBe(now + 1.5 * HOUR);
  });

  it('floors to a unit', () => {
    const day = new Date(parseMoment('now/d', now) ?? 0);
    expect([day.getHours(), day.getMinutes(), day.getSeconds()]).toEqual([0, 0, 0]);
    expect(new Date(parseMoment('now/w', now) ?? 0).getDay()).toBe(1);
    expect((parseMoment('now/h', now) ?? 0) % 60_000).toBe(0);
  });

  it('reads seconds, milliseconds and dates', () => {
    expect(parseMoment('1700000000', now)).toBe(1_700_000_000_000);
    expect(parseMoment('1700000000123', now)).toBe(1_700_000_000_123);
    expect(parseMoment('2026-01-02T03:04:05Z', now)).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(parseMoment('2026-01-02', now)).toBe(new Date(2026, 0, 2).getTime());
  });

  it.each(['', 'then', 'now-', 'now-5', '12', '2026-99-99', 'now-6h/q'])('refuses %j', (text) => {
    expect(parseMoment(text, now)).toBeNull();
  });
});

describe('ranges', () => {
  it('must go forward', () => {
    expect(resolveRange({ from: 'now', to: 'now-1h' }, now)).toBeNull();
    expect(resolveRange({ from: 'now-1h', to: 'now' }, now)).toEqual({ from: now - HOUR, to: now });
  });

  it('can be typed', () => {
    expect(parseTyped('6h', now)).toEqual({ from: 'now-6h', to: 'now' });
    expect(parseTyped('now-6h', now)).toEqual({ from: 'now-6h', to: 'now' });
    expect(parseTyped('now-2d to now-1d', now)).toEqual({ from: 'now-2d', to: 'now-1d' });
    expect(parseTyped('2026-01-01 to 2026-01-02', now)).toEqual({ from: '2026-01-01', to: '2026-01-02' });
    expect(parseTyped('soon', now)).toBeNull();
    expect(parseTyped('', now)).toBeNull();
  });

  it('every preset resolves', () => {
    for (const preset of PRESETS) expect(resolveRange(preset.range, now), preset.label).not.toBeNull();
  });

  it('walks and zooms', () => {
    const resolved = { from: millis(now - HOUR), to: now };
    expect(shift(resolved, -1, now)).toEqual(absolute(now - 1.5 * HOUR, now - 0.5 * HOUR));
    const earlier = { from: millis(now - 4 * HOUR), to: millis(now - 2 * HOUR) };
    expect(shift(earlier, 1, now)).toEqual(absolute(now - 3 * HOUR, now - HOUR));
    expect(zoomOut({ from: 'now-1h', to: 'now' }, resolved)).toEqual({ from: 'now-2h', to: 'now' });
    expect(zoomOut(absolute(now - HOUR, now), resolved)).toEqual(absolute(now - 1.5 * HOUR, now + 0.5 * HOUR));
    expect(zoomIn(1000, 61_000)).toEqual({ from: '1000', to: '61000' });
    expect(zoomIn(5000, 5100)).toEqual({ from: '4550', to: '5550' });
  });

  it('does not walk into the future', () => {
    const near = { from: millis(now - HOUR - 60_000), to: millis(now - 60_000) };
    expect(shift(near, 1, now)).toEqual(absolute(now - HOUR, now));
    const half = { from: millis(now - 1.51 * HOUR), to: millis(now - 0.51 * HOUR) };
    expect(shift(half, 1, now)).toEqual(absolute(now - HOUR, now));
    expect(shift({ from: now, to: millis(now + HOUR) }, 1, now)).toEqual(absolute(now, now + HOUR));
    expect(hasLater(near, now)).toBe(true);
    expect(hasLater({ from: millis(now - HOUR), to: now }, now)).toBe(false);
    expect(hasLater({ from: now, to: millis(now + HOUR) }, now)).toBe(false);
  });

  it('is described', () => {
    expect(describeRange({ from: 'now-1h', to: 'now' }, now, true)).toBe('Last 1 hour');
    expect(describeRange({ from: 'now-45m', to: 'now' }, now, true)).toBe('Last 45 minutes');
    expect(describeRange({ from: 'now-1h30m', to: 'now' }, now, true)).toBe('Last 1h30m');
    expect(describeRange(absolute(now, now + HOUR), now, true)).toBe('2026-01-15 12:34:56 – 13:34:56');
    expect(describeRange(absolute(now, now + 24 * HOUR), now, true)).toBe('2026-01-15 12:34:56 – 01-16 12:34:56');
    expect(describeRange(absolute(now - 8760 * HOUR, now), now, true)).toBe(
      '2025-01-15 12:34:56 – 2026-01-15 12:34:56',
    );
    expect(printMoment(Date.UTC(2026, 0, 1), true)).toBe('2026-01-01 00:00');
    expect(isRelative({ from: 'now-1h', to: 'now' })).toBe(true);
    expect(isRelative(absolute(0, 1))).toBe(false);
  });
});
