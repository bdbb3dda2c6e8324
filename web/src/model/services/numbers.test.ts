import { expect, it } from 'vitest';
import type { QueryData } from '@/api/query';
import { coursesBy, numbersBy, readReds } from './numbers';

const vector = (values: Record<string, string>): QueryData => ({
  resultType: 'vector',
  result: Object.entries(values).map(([name, value]) => ({ metric: { service_name: name }, value: [0, value] })),
});

it('reads numbers by a label', () => {
  expect(numbersBy(vector({ a: '1.5', b: 'NaN', c: '+Inf' }), 'service_name')).toEqual(new Map([['a', 1.5]]));
  expect(numbersBy(undefined, 'service_name').size).toBe(0);
});

it('puts rates, errors and durations together', () => {
  const reds = readReds(
    {
      rate: vector({ a: '10', b: '0' }),
      errors: vector({ a: '2.5' }),
      p50: vector({ a: '0.01', b: 'NaN' }),
      p95: vector({ a: '0.2' }),
      p99: undefined,
      busy: vector({ a: '0.5' }),
    },
    'service_name',
  );
  expect(reds.get('a')).toEqual({ rate: 10, errors: 0.25, p50: 0.01, p95: 0.2, p99: null, busy: 0.5 });
  expect(reds.get('b')).toEqual({ rate: 0, errors: null, p50: null, p95: null, p99: null, busy: null });
});

it('puts samples on a grid, with gaps', () => {
  const data: QueryData = {
    resultType: 'matrix',
    result: [
      {
        metric: { service_name: 'a' },
        values: [
          [100, '1'],
          [120, '3'],
        ],
      },
    ],
  };
  expect(coursesBy(data, 'service_name', { start: 100, end: 130, step: 10 }).get('a')).toEqual([1, null, 3, null]);
});
