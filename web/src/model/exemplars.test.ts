import { expect, it } from 'vitest';
import type { WireExemplarSeries } from '@/api/query';
import { placeExemplar, readExemplars, traceOf } from './exemplars';

const wire: WireExemplarSeries[] = [
  {
    seriesLabels: { __name__: 'x_seconds_bucket', job: 'a' },
    exemplars: [
      { labels: { trace_id: 't1' }, value: '0.2', timestamp: 110 },
      { labels: {}, value: 'NaN', timestamp: 111 },
      { labels: {}, value: '0.9', timestamp: 112 },
    ],
  },
];

const line = (job: string, value: number) => ({
  key: job,
  query: 'A',
  labels: { job },
  name: job,
  unit: 'none' as const,
  values: [null, value],
  stats: { last: value, min: value, max: value, avg: value },
});

it('keeps finite observations, largest first', () => {
  expect(readExemplars('A', wire).map((one) => one.value)).toEqual([0.9, 0.2]);
  expect(readExemplars('A', wire)[0]?.unit).toBe('seconds');
});

it('stands on its own series when its height means nothing', () => {
  const [exemplar] = readExemplars('A', wire);
  if (exemplar === undefined) throw new Error('no exemplar');
  const lines = [line('b', 5), line('a', 7)];
  expect(placeExemplar(exemplar, [100, 110], lines, true)).toBe(0.9);
  expect(placeExemplar(exemplar, [100, 110], lines, false)).toBe(7);
  expect(placeExemplar(exemplar, [100, 110], [], false)).toBeNull();
});

it('finds the trace', () => {
  expect(traceOf({ traceID: 'x' })).toBe('x');
  expect(traceOf({ span: 'x' })).toBeNull();
});
