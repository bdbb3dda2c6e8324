import { expect, it } from 'vitest';
import { stack } from './stack';

it('stands on what is below, also where a layer has no sample', () => {
  const [first, second, third] = stack([
    [1, null, 3],
    [10, 20, null],
    [100, 100, 100],
  ]);
  expect(first?.line).toEqual([1, null, 3]);
  expect(second?.line).toEqual([11, 20, null]);
  expect(third?.line).toEqual([111, 120, 103]);
  expect([first?.floor, first?.roof]).toEqual([
    [0, 0, 0],
    [1, 0, 3],
  ]);
  expect([third?.floor, third?.roof]).toEqual([
    [11, 20, 3],
    [111, 120, 103],
  ]);
});

it('has no edge where nothing has a sample', () => {
  const [first, second] = stack([
    [null, 1],
    [null, null],
  ]);
  expect(first?.roof).toEqual([null, 1]);
  expect([second?.floor, second?.roof, second?.line]).toEqual([
    [null, 1],
    [null, 1],
    [null, null],
  ]);
  expect(stack([])).toEqual([]);
});

it('draws no line along a stretch of zeros', () => {
  const [, zeros] = stack([
    [5, 5, 5, 5, 5],
    [0, 0, 0, 2, 0],
  ]);
  expect(zeros?.line).toEqual([null, null, 5, 7, 5]);
});
