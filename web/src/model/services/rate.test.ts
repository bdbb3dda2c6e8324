import { expect, it } from 'vitest';
import { printRate, rateUnit } from './rate';

it('counts by what leaves a number to read', () => {
  expect(printRate(12.345)).toBe('12.3 /s');
  expect(printRate(0.1)).toBe('0.1 /s');
  expect(printRate(0.02)).toBe('1.2 /min');
  expect(printRate(0.0003)).toBe('1.08 /h');
  expect(printRate(0.000001)).toBe('0.0036 /h');
  expect(printRate(0)).toBe('0 /s');
  expect(printRate(123456)).toBe('123 k/s');
});

it('tells all of a column in one unit', () => {
  const rates = [30, 0.0733, 0.0095, null, undefined, 0];
  const unit = rateUnit(rates);
  expect(unit).toBe('/min');
  expect([30, 0.0733, 0.0095, 0].map((rate) => printRate(rate, unit))).toEqual([
    '1800 /min',
    '4.4 /min',
    '0.57 /min',
    '0 /min',
  ]);
  expect(rateUnit([])).toBe('/s');
  expect(rateUnit([5, 6, 0.001])).toBe('/s');
});
