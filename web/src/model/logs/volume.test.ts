import { expect, it } from 'vitest';
import { axisTop, brushed, bucketAt, readVolume, stackBars } from './volume';

const volume = readVolume({
  start: '2026-01-01T00:00:00.000000000Z',
  step_ns: 10e9,
  series: [
    { key: 'info', counts: [5, 0, 2] },
    { key: 'error', counts: [1, 0, 3] },
    { key: '', counts: [0, 1, 0] },
    { key: 'debug', counts: [0, 0, 0] },
  ],
  total: 12,
});
const START = Date.UTC(2026, 0, 1);

it('puts the most severe first and leaves out what is not there', () => {
  expect(volume.series.map((one) => [one.key, one.total])).toEqual([
    ['error', 4],
    ['info', 7],
    ['unknown', 1],
  ]);
  expect(volume).toMatchObject({ start: START, step: 10_000, buckets: 3, max: 6, total: 12 });
});

it('stacks bars on each other', () => {
  expect(stackBars(volume)).toEqual([
    { key: 'error', bucket: 0, from: 0, to: 1 },
    { key: 'error', bucket: 2, from: 0, to: 3 },
    { key: 'info', bucket: 0, from: 1, to: 6 },
    { key: 'info', bucket: 2, from: 3, to: 5 },
    { key: 'unknown', bucket: 1, from: 0, to: 1 },
  ]);
});

it('finds buckets and zooms to whole ones, whichever way is dragged', () => {
  expect(bucketAt(volume, START + 25_000)).toBe(2);
  expect(bucketAt(volume, START + 30_000)).toBeNull();
  expect(bucketAt(volume, START - 1)).toBeNull();
  expect(brushed(volume, START + 12_000, START + 21_000)).toEqual({ from: START + 10_000, to: START + 30_000 });
  expect(brushed(volume, START + 21_000, START + 12_000)).toEqual({ from: START + 10_000, to: START + 30_000 });
});

it('ends its axis at a round number', () => {
  expect([0, 3, 7, 42, 520, 999].map(axisTop)).toEqual([1, 3, 8, 60, 600, 1000]);
});
