import { expect, it } from 'vitest';
import { timeTicks } from './timeTicks';

const at = Date.UTC(2026, 0, 1, 10, 7);
const texts = (span: number, offset = 0): string[] => timeTicks(at, at + span, 5, offset).map((tick) => tick.text);

it('is round at every length', () => {
  expect(texts(3_600_000)).toEqual(['10:15', '10:30', '10:45', '11:00']);
  expect(texts(60_000)).toEqual(['10:07:00', '10:07:15', '10:07:30', '10:07:45', '10:08:00']);
  expect(texts(2000)).toHaveLength(5);
  expect(texts(30 * 864e5).every((text) => /^\d\d-\d\d$/.test(text))).toBe(true);
  expect(timeTicks(at, at, 5)).toEqual([]);
});

it('is round where the reader is', () => {
  const [first] = timeTicks(at, at + 864e5 / 2, 4, -5.5 * 3_600_000);
  expect(first?.text).toBe('18:00');
  expect(new Date(first?.at ?? 0).toISOString()).toContain('T12:30');
});
