import { expect, it } from 'vitest';
import { assignColours } from './colours';

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `service-${index}`);

it('gives each its own as long as there are enough', () => {
  expect(new Set(assignColours(many(10), 10).values()).size).toBe(10);
});

it('repeats them evenly beyond', () => {
  const counts = new Map<number, number>();
  for (const colour of assignColours(many(30), 10).values()) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  expect([...counts.values()]).toEqual(Array(10).fill(3));
});

it('is the same wherever a service is seen alone', () => {
  expect(assignColours(['cart'], 10).get('cart')).toBe(assignColours(['cart', 'pay'], 10).get('cart'));
  expect(assignColours(['a', 'a'], 10).size).toBe(1);
});
