import { describe, expect, it } from 'vitest';
import { formatAgo, formatCount, formatValue, type Unit } from './format';

describe('values', () => {
  it.each<[number, Unit, string]>([
    [0, 'none', '0'],
    [1234.5, 'none', '1235'],
    [12_345, 'none', '12.35 k'],
    [-0.5, 'none', '−0.5'],
    [1.5e-7, 'none', '1.50e-7'],
    [NaN, 'seconds', 'NaN'],
    [-Infinity, 'bytes', '−Inf'],
    [0, 'bytes', '0 B'],
    [512, 'bytes', '512 B'],
    [1536, 'bytes', '1.5 KiB'],
    [3 * 2 ** 30, 'bytes/s', '3 GiB/s'],
    [0.00123, 'seconds', '1.23 ms'],
    [4e-7, 'seconds', '400 ns'],
    [90, 'seconds', '1 min 30 s'],
    [1500, 'milliseconds', '1.5 s'],
    [3600, 'seconds', '1 h'],
    [100_000, 'seconds', '1 d 3 h'],
    [0.256, 'ratio', '25.6 %'],
    [12, 'per-second', '12 /s'],
    [12_000, 'per-second', '12 k/s'],
    [2.4e9, 'hertz', '2.4 GHz'],
    [41.5, 'celsius', '41.5 °C'],
    [1_700_000_000, 'timestamp', '2023-11-14 22:13:20'],
  ])('%d as %s', (value, unit, text) => {
    expect(formatValue(value, unit).replace(/\s+/g, ' ')).toBe(text);
  });
});

it('groups whole numbers', () => {
  expect(formatCount(1_234_567)).toBe('1\u202f234\u202f567');
  expect(formatCount(12)).toBe('12');
});

it('says how long ago', () => {
  expect(formatAgo(3210)).toBe('3.2 s ago');
  expect(formatAgo(9960)).toBe('10 s ago');
  expect(formatAgo(59_400)).toBe('59 s ago');
  expect(formatAgo(59_600)).toBe('1 min ago');
  expect(formatAgo(125_000)).toBe('2 min ago');
  expect(formatAgo(3 * 3_600_000 + 1_800_000)).toBe('3 h ago');
  expect(formatAgo(49 * 3_600_000)).toBe('2 d ago');
  expect(formatAgo(-5000)).toBe('in 5.0 s');
});
