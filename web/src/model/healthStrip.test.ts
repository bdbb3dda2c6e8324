import { expect, it } from 'vitest';
import { seconds } from '@/lib/brand';
import { healthStrips, stripKey } from './healthStrip';

const grid = { start: seconds(0), end: seconds(30), step: seconds(10) };

it('puts each moment into its cell', () => {
  const strips = healthStrips(
    {
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'up', job: 'a', instance: 'i' },
          values: [
            [0, '1'],
            [10, '0'],
            [20, '0.5'],
            [90, '1'],
          ],
        },
      ],
    },
    grid,
  );
  expect(strips.get(stripKey({ instance: 'i', job: 'a' }))).toEqual(['up', 'down', 'mixed', 'none']);
  expect(strips.get(stripKey({ job: 'a' }))).toBeUndefined();
});

it('has nothing to show for another answer', () => {
  expect(healthStrips({ resultType: 'vector', result: [] }, grid).size).toBe(0);
});
