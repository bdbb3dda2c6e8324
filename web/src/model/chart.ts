// From answers of range queries to columns that a graph draws.
import type { Labels, QueryData, WireMatrixItem, WireSample } from '@/api/query';
import type { Unit } from '@/lib/format';
import { nameSeries, printSeries } from './labels';
import { gridPoints, type Grid } from './step';

/** More lines than this cannot be told apart, and cost a second to draw. */
export const SERIES_DRAWN_MAX = 400;

export interface Stats {
  last: number;
  min: number;
  max: number;
  avg: number;
}

export interface ChartSeries {
  /** Unique in the chart: the query's letter and the whole label set. */
  key: string;
  query: string;
  labels: Labels;
  /** What tells it from the others. */
  name: string;
  unit: Unit;
  /** Of what failed: its line has the colour of errors, whatever its place. */
  isBad?: boolean;
  /** One a grid point; null where there is no sample or no finite number. */
  values: (number | null)[];
  stats: Stats;
}

export interface Chart {
  /** Seconds since 1970, evenly spaced. */
  times: number[];
  series: ChartSeries[];
  /** Series left out of `series`. */
  hidden: number;
  /** Series that are native histograms: no line can show them. */
  histograms: number;
}

export interface ChartInput {
  query: string;
  /** What a series is called when no label tells it from the others. */
  expr: string;
  data: QueryData;
  unit: Unit;
}

export function buildChart(inputs: readonly ChartInput[], grid: Grid, seriesMax = SERIES_DRAWN_MAX): Chart {
  const points = gridPoints(grid);
  const times = Array.from({ length: points }, (_, index) => grid.start + index * grid.step);
  const series: ChartSeries[] = [];
  let [total, histograms] = [0, 0];
  const answers = inputs.map((input) => matrixOf(input.data, grid));
  const nameOf = nameSeries(answers.map((items) => items.map((item) => item.metric)));
  for (const [at, input] of inputs.entries()) {
    for (const item of answers[at] ?? []) {
      if (item.values === undefined) {
        histograms += 1;
        continue;
      }
      total += 1;
      if (series.length >= seriesMax) continue;
      const values = onGrid(item.values, grid, points);
      series.push({
        key: `${input.query}:${printSeries(item.metric)}`,
        query: input.query,
        labels: item.metric,
        name: nameOf(at, item.metric) ?? input.expr,
        unit: input.unit,
        values,
        stats: statsOf(values),
      });
    }
  }
  return { times, series, hidden: total - series.length, histograms };
}

/** A range query of a scalar comes as a matrix already; anything else has no line. */
function matrixOf(data: QueryData, grid: Grid): WireMatrixItem[] {
  if (data.resultType === 'matrix') return data.result;
  if (data.resultType !== 'scalar') return [];
  return [{ metric: {}, values: [[grid.end, data.result[1]]] }];
}

function onGrid(samples: WireSample[], grid: Grid, points: number): (number | null)[] {
  const values = new Array<number | null>(points).fill(null);
  for (const [time, text] of samples) {
    const index = Math.round((time - grid.start) / grid.step);
    const value = Number(text);
    if (index >= 0 && index < points && Number.isFinite(value)) values[index] = value;
  }
  return values;
}

export function statsOf(values: (number | null)[]): Stats {
  let [last, min, max, sum, count] = [NaN, Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (value === null) continue;
    last = value;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count += 1;
  }
  return count === 0 ? { last: NaN, min: NaN, max: NaN, avg: NaN } : { last, min, max, avg: sum / count };
}

export type Side = 'left' | 'right';

/** Which unit each side of the graph measures. */
export interface Axes {
  left: Unit;
  /** Null when one axis is enough. */
  right: Unit | null;
}

/** Plain numbers of every kind share an axis. */
function axisUnit(unit: Unit): Unit {
  return unit === 'count' ? 'none' : unit;
}

/** The first unit has the left, a second the right. */
export function planAxes(units: readonly Unit[]): Axes {
  const [left, right] = [...new Set(units.map(axisUnit))];
  return { left: left ?? 'none', right: right ?? null };
}

/** Lines of two units fit into one graph; what counts anything else has a graph of its own beneath. */
export function planGraphs(units: readonly Unit[]): Axes[] {
  const all = [...new Set(units.map(axisUnit))];
  const graphs: Axes[] = [];
  for (let at = 0; at < all.length; at += 2) graphs.push(planAxes(all.slice(at, at + 2)));
  return graphs.length === 0 ? [planAxes([])] : graphs;
}

/** Null when the unit has no axis here. */
export function sideOf(unit: Unit, axes: Axes): Side | null {
  const wanted = axisUnit(unit);
  if (wanted === axisUnit(axes.left)) return 'left';
  return axes.right !== null && wanted === axisUnit(axes.right) ? 'right' : null;
}
