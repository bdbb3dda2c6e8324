import { expect, it } from 'vitest';
import type { Red } from './numbers';
import { buildOperations, sortOperations } from './operation';

const red = (rate: number, busy: number | null, p95: number | null = null): Red => ({
  rate,
  errors: 0,
  p50: null,
  p95,
  p99: null,
  busy,
});

const all = buildOperations(
  new Map([
    ['GET /', red(10, 1, 0.1)],
    ['POST /', red(1, 3)],
    ['gone', red(0, 0)],
  ]),
  new Map([['GET /', red(5, 1)]]),
);
const names = (list: readonly { name: string }[]): string[] => list.map((one) => one.name);

it('tells the part of the time that each takes', () => {
  expect(all.map((one) => [one.name, one.share, one.before?.rate ?? null])).toEqual([
    ['GET /', 0.25, 5],
    ['POST /', 0.75, null],
  ]);
});

it('sorts by what is asked', () => {
  expect(names(sortOperations(all, 'share', true))).toEqual(['POST /', 'GET /']);
  expect(names(sortOperations(all, 'rate', true))).toEqual(['GET /', 'POST /']);
  expect(names(sortOperations(all, 'p95', false))).toEqual(['GET /', 'POST /']);
  expect(names(sortOperations(all, 'name', false))).toEqual(['GET /', 'POST /']);
});
