import { expect, it } from 'vitest';
import { millis } from '@/lib/brand';
import { align, chooseStep, gridPoints, niceStep, POINTS_MAX } from './step';

const HOUR = 3_600_000;
const range = (span: number) => ({ from: millis(1_700_000_000_000), to: millis(1_700_000_000_000 + span) });

it('picks steps that divide the clock', () => {
  expect(niceStep(millis(HOUR), 600)).toBe(10);
  expect(niceStep(millis(15 * 60_000), 600)).toBe(2);
  expect(niceStep(millis(7 * 24 * HOUR), 600)).toBe(1800);
  expect(niceStep(millis(1000 * 365 * 24 * HOUR), 100)).toBe(86_400 * 3650);
});

it('takes the step that was typed, within what a server allows', () => {
  expect(chooseStep('15s', range(HOUR))).toBe(15);
  expect(chooseStep(undefined, range(HOUR))).toBe(10);
  expect(chooseStep('high', range(HOUR))).toBe(5);
  expect(chooseStep('low', range(HOUR))).toBe(15);
  expect(chooseStep('nonsense', range(HOUR))).toBe(10);
  const forced = chooseStep('1s', range(24 * HOUR));
  expect((24 * 3600) / forced).toBeLessThanOrEqual(POINTS_MAX);
});

it('aligns both ends', () => {
  const grid = align(range(HOUR), chooseStep('30s', range(HOUR)));
  expect(grid.start % 30).toBe(0);
  expect(grid.end % 30).toBe(0);
  expect(gridPoints(grid)).toBe(121);
});
