import { describe, expect, it } from 'vitest';
import type { QueryData } from '@/api/query';
import { seconds } from '@/lib/brand';
import { buildChart, planAxes, planGraphs, SERIES_DRAWN_MAX, sideOf, statsOf } from './chart';

const grid = { start: seconds(100), end: seconds(130), step: seconds(10) };

function matrix(items: { metric: Record<string, string>; values: [number, string][] }[]): QueryData {
  return { resultType: 'matrix', result: items };
}

describe('buildChart', () => {
  it('puts samples on the grid and leaves gaps', () => {
    const data = matrix([
      {
        metric: { __name__: 'x', job: 'a' },
        values: [
          [100, '1'],
          [110, 'NaN'],
          [130, '4'],
        ],
      },
      {
        metric: { __name__: 'x', job: 'b' },
        values: [
          [120, '+Inf'],
          [130, '2'],
          [140, '9'],
        ],
      },
    ]);
    const chart = buildChart([{ query: 'A', expr: 'x', data, unit: 'bytes' }], grid);
    expect(chart.times).toEqual([100, 110, 120, 130]);
    expect(chart.series.map((one) => one.values)).toEqual([
      [1, null, null, 4],
      [null, null, null, 2],
    ]);
    expect(chart.series[0]?.name).toBe('{job="a"}');
    expect(chart.series[0]?.stats).toEqual({ last: 4, min: 1, max: 4, avg: 2.5 });
    expect(planAxes(chart.series.map((one) => one.unit))).toEqual({ left: 'bytes', right: null });
  });

  it('calls a series without labels by its query', () => {
    const data = matrix([{ metric: {}, values: [[100, '1']] }]);
    expect(buildChart([{ query: 'A', expr: 'sum(x)', data, unit: 'none' }], grid).series[0]?.name).toBe('sum(x)');
  });

  it('counts what it does not draw', () => {
    const many = Array.from({ length: SERIES_DRAWN_MAX + 5 }, (_, i) => ({
      metric: { i: String(i) },
      values: [[100, '1']] as [number, string][],
    }));
    const chart = buildChart([{ query: 'A', expr: 'x', data: matrix(many), unit: 'none' }], grid);
    expect(chart.series).toHaveLength(SERIES_DRAWN_MAX);
    expect(chart.hidden).toBe(5);
  });

  it('counts native histograms apart', () => {
    const data: QueryData = {
      resultType: 'matrix',
      result: [{ metric: {}, histograms: [[100, { count: '1', sum: '1' }]] }],
    };
    const chart = buildChart([{ query: 'A', expr: 'x', data, unit: 'none' }], grid);
    expect([chart.series.length, chart.histograms]).toEqual([0, 1]);
  });

  it('keeps keys of two queries apart', () => {
    const data = matrix([{ metric: { __name__: 'x' }, values: [[100, '1']] }]);
    const chart = buildChart(
      [
        { query: 'A', expr: 'x', data, unit: 'bytes' },
        { query: 'B', expr: 'y', data, unit: 'none' },
      ],
      grid,
    );
    expect(new Set(chart.series.map((one) => one.key)).size).toBe(2);
    expect(planAxes(chart.series.map((one) => one.unit))).toEqual({ left: 'bytes', right: 'none' });
  });
});

it('gives a second unit an axis of its own, and a third a graph', () => {
  const axes = planAxes(['ratio', 'bytes']);
  expect([sideOf('ratio', axes), sideOf('bytes', axes), sideOf('seconds', axes)]).toEqual(['left', 'right', null]);
  expect(planAxes(['none', 'count'])).toEqual({ left: 'none', right: null });
  expect(planAxes([])).toEqual({ left: 'none', right: null });
  const graphs = planGraphs(['bytes', 'count', 'seconds', 'bytes', 'none']);
  expect(graphs).toEqual([
    { left: 'bytes', right: 'none' },
    { left: 'seconds', right: null },
  ]);
  expect(graphs.map((one) => sideOf('count', one))).toEqual(['right', null]);
  expect(planGraphs([])).toHaveLength(1);
});

it('has no statistics without samples', () => {
  expect(statsOf([null, null])).toEqual({ last: NaN, min: NaN, max: NaN, avg: NaN });
});
