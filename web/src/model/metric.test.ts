import { parser } from '@prometheus-io/lezer-promql';
import { expect, it } from 'vitest';
import { findMetrics, listMetrics, starters } from './metric';

const metrics = listMetrics(
  ['x_seconds_bucket', 'up', 'a_total'],
  {
    x_seconds: [{ type: 'histogram', unit: 'seconds', help: 'How long.' }],
    a_total: [{ type: 'counter', unit: '', help: 'All of it.' }],
  },
  [{ name: 'up', value: 7 }],
);

it('joins names, metadata and counts', () => {
  expect(metrics.map((metric) => metric.name)).toEqual(['a_total', 'up', 'x_seconds_bucket']);
  expect(metrics[2]).toMatchObject({ type: 'histogram', help: 'How long.', series: null });
  expect(metrics[1]).toMatchObject({ type: 'unknown', series: 7 });
});

it('finds by name, help and type', () => {
  expect(findMetrics(metrics, 'how long', null, 'name')[0]?.name).toBe('x_seconds_bucket');
  expect(findMetrics(metrics, '', 'counter', 'name').map((metric) => metric.name)).toEqual(['a_total']);
  expect(findMetrics(metrics, '', null, 'series')[0]?.name).toBe('up');
});

it('offers only queries that parse', () => {
  const kinds = [
    { name: 'a_total', type: 'counter' },
    { name: 'x_bucket', type: 'histogram' },
    { name: 'native', type: 'histogram' },
    { name: 'my.gauge', type: 'gauge' },
  ];
  for (const { query } of kinds.flatMap(starters)) {
    expect(parser.parse(query).toString(), query).not.toContain('⚠');
  }
});
