import { expect, it } from 'vitest';
import { clockStep, logScale, niceStep, pan, printTick, share, ticksOf, zoomAround } from './scale';

it.each([
  [100, 5, 20],
  [95, 5, 20],
  [1e9, 6, 2e8],
  [0, 5, 1],
  [7, 1, 10],
])('a step for %d in %d', (span, parts, step) => {
  expect(niceStep(span, parts)).toBeCloseTo(step);
});

it('has round ticks within the piece', () => {
  expect(ticksOf(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticksOf(33, 77, 4)).toEqual([40, 60]);
  expect(ticksOf(5, 5, 4)).toEqual([]);
  expect(share(5, 0, 10)).toBe(0.5);
  expect(share(5, 10, 10)).toBe(0);
});

it('steps as clocks do where minutes begin', () => {
  expect(clockStep(7920e9, 5)).toBe(1800e9);
  expect(clockStep(115e9, 6)).toBe(20e9);
  expect(clockStep(4e9, 4)).toBe(1e9);
  expect(clockStep(30 * 86_400e9, 5)).toBe(10 * 86_400e9);
  expect(ticksOf(0, 7920e9, 5, clockStep)).toEqual([0, 1800e9, 3600e9, 5400e9, 7200e9]);
});

it.each([
  [0, 1e9, '0 s'],
  [1.2e9, 2e8, '1.2 s'],
  [12_345e6, 5e6, '12.345 s'],
  [90e9, 20e9, '1 min 30 s'],
  [90.25e9, 5e7, '1 min 30.25 s'],
  [3_600_000e6 + 2e6, 1e6, '60 min 0.002 s'],
  [987_654_300, 100, '987.6543 ms'],
])('prints %d with steps of %d', (at, step, text) => {
  expect(printTick(at, step)).toBe(text);
});

it('zooms around what is pointed at, within the whole', () => {
  expect(zoomAround({ from: 0, to: 100 }, 25, 0.5, 100)).toEqual({ from: 12.5, to: 62.5 });
  expect(zoomAround({ from: 12.5, to: 62.5 }, 25, 2, 100)).toBeNull();
  expect(zoomAround({ from: 80, to: 100 }, 100, 2, 100)).toEqual({ from: 60, to: 100 });
  expect(zoomAround({ from: 0, to: 12 }, 6, 0.5, 100)).toEqual({ from: 1, to: 11 });
  expect(pan({ from: 10, to: 30 }, -20, 100)).toEqual({ from: 0, to: 20 });
  expect(pan({ from: 10, to: 30 }, 90, 100)).toEqual({ from: 80, to: 100 });
});

it('places durations by their order of magnitude', () => {
  const scale = logScale([1e6, 1e8, 0]);
  expect(scale.place(0)).toBe(0);
  expect(scale.place(1e7)).toBeCloseTo(0.5);
  expect(scale.value(scale.place(5e6))).toBeCloseTo(5e6);
  expect(scale.ticks).toContain(1e7);
  expect(scale.place(1e6)).toBeGreaterThan(0);
  expect(scale.place(1e8)).toBeLessThan(1);
});

it('has a decade even for one value or none', () => {
  const one = logScale([2e6]);
  expect(one.max / one.min).toBeGreaterThanOrEqual(9.99);
  expect(one.place(2e6)).toBeCloseTo(0.5);
  expect(logScale([]).ticks.length).toBeGreaterThan(2);
});
