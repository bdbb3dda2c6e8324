import { expect, it } from 'vitest';
import { cleanLogs, decodeLogs, encodeLogs, type LogsState } from './url';

const plain: LogsState = {
  q: '',
  view: 'lines',
  live: false,
  context: null,
  line: null,
  by: ['service'],
  agg: ['count', 'error_rate'],
  isOldestFirst: false,
  cols: [],
  order: '',
  sort: 'count',
};

it('comes back as it went', () => {
  const states: LogsState[] = [
    plain,
    { ...plain, q: 'a:"b c" or d', live: true, context: 'l12' },
    { ...plain, line: 'l13' },
    {
      ...plain,
      view: 'group',
      by: ['service', 'http.route'],
      agg: ['count', 'p95(duration)'],
      order: '-p95(duration)',
    },
    { ...plain, view: 'group', by: [] },
    { ...plain, view: 'patterns', sort: 'rare' },
    { ...plain, cols: ['http.route', 'resource.k8s.pod.name'], isOldestFirst: true },
  ];
  for (const state of states) expect(decodeLogs(encodeLogs(state))).toEqual(state);
});

it('writes nothing for what is usual', () => {
  expect(Object.values(encodeLogs(plain)).join('')).toBe('');
});

it('ignores what it does not know', () => {
  expect(cleanLogs({ q: 'a', from: 'now', by: 3 })).toEqual({ q: 'a' });
  expect(decodeLogs({ view: 'table', sort: 'upwards' })).toEqual(plain);
});
