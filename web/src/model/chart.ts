// From answers of range queries to columns that a graph draws.
import type { Labels, QueryData, WireMatrixItem, WireSample } from '@/api/query';
import type { Unit } from '@/lib/format';
import { printSeries, shapeOf, shortName } from './labels';
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
  /** What a series without any label is called. */
  expr: string;
  data: QueryData;
  unit: Unit;
}

export function buildChart(inputs: readonly ChartInput[], grid: Grid, seriesMax = SERIES_DRAWN_MAX): Chart {
  const points = gridPoints(grid);
  const times = Array.from({ length: points }, (_, index) => grid.start + index * grid.step);
  const series: ChartSeries[] = [];
  let [total, histograms] = [0, 0];
  for (const input of inputs) {
    const items = matrixOf(input.data, grid);
    const shape = shapeOf(items.map((item) => item.metric));
    for (const item of items) {
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
        name: Object.keys(item.metric).length === 0 ? input.expr : shortName(item.metric, shape),
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

/** Each line on top of those before it on its side; a gap counts as nothing. */
export function stack(columns: (number | null)[][], sides: readonly Side[]): (number | null)[][] {
  const length = columns[0]?.length ?? 0;
  const bases = { left: new Array<number>(length).fill(0), right: new Array<number>(length).fill(0) };
  return columns.map((column, at) => {
    const base = bases[sides[at] ?? 'left'];
    return column.map((value, index) => {
      if (value === null) return null;
      base[index] = (base[index] ?? 0) + value;
      return base[index] ?? null;
    });
  });
}

/** For each line of a stack the one below it, by index. */
export function stackPairs(sides: readonly Side[]): [number, number][] {
  const below: Partial<Record<Side, number>> = {};
  return sides.flatMap((side, index): [number, number][] => {
    const under = below[side];
    below[side] = index;
    return under === undefined ? [] : [[index, under]];
  });
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

/** The first unit has the left; a second the right; with more than two, the right is for all others and names none. */
export function planAxes(series: readonly { unit: Unit }[]): Axes {
  const units = [...new Set(series.map((one) => axisUnit(one.unit)))];
  return {
    left: units[0] ?? 'none',
    right: units.length < 2 ? null : units.length === 2 ? (units[1] ?? 'none') : 'none',
  };
}

export function sideOf(unit: Unit, axes: Axes): Side {
  return axes.right === null || axisUnit(unit) === axes.left ? 'left' : 'right';
}
