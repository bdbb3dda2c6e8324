import { expect, it } from 'vitest';
import { printRate } from './rate';

it('counts by what leaves a number to read', () => {
  expect(printRate(12.345)).toBe('12.3 /s');
  expect(printRate(0.1)).toBe('0.1 /s');
  expect(printRate(0.02)).toBe('1.2 /min');
  expect(printRate(0.0003)).toBe('1.08 /h');
  expect(printRate(0.000001)).toBe('0.0036 /h');
  expect(printRate(0)).toBe('0 /s');
  expect(printRate(123456)).toBe('123 k/s');
});
