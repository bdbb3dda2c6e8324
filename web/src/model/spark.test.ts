import { expect, it } from 'vitest';
import { sparkBars, sparkPath } from './spark';

it('draws bars from the ground, and none for nothing', () => {
  const bars = sparkBars([0, 2, null, 4], 40, 10);
  expect(bars).toHaveLength(2);
  expect(bars[1]).toMatchObject({ x: 30, y: 0, height: 10 });
  expect(bars[0]).toMatchObject({ y: 5, height: 5 });
});

it('breaks its line at gaps', () => {
  const { line, area } = sparkPath([1, 2, null, 2], 30, 10);
  expect(line.match(/M/g)).toHaveLength(2);
  expect(area.match(/Z/g)).toHaveLength(2);
  expect(sparkPath([], 30, 10)).toEqual({ line: '', area: '' });
  expect(sparkPath([0, 0], 30, 10).line).toBe('M0 9.25L30 9.25');
});
