// Answers of instant queries as rows of a table.
import type { Labels, QueryData, WireHistogram } from '@/api/query';
import { shapeOf, type Shape } from './labels';
import { readHistogram, type Histogram } from './histogram';

export interface Row {
  labels: Labels;
  /** NaN where the row is a histogram or a string. */
  value: number;
  /** As the server wrote it. */
  text: string;
  histogram: Histogram | null;
  /** Seconds since 1970. */
  time: number;
}

export interface VectorTable {
  rows: Row[];
  shape: Shape;
  kind: QueryData['resultType'];
}

export function buildTable(data: QueryData): VectorTable {
  const rows = readRows(data);
  return { rows, shape: shapeOf(rows.map((row) => row.labels)), kind: data.resultType };
}

function readRows(data: QueryData): Row[] {
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return [floatRow({}, data.result[0], data.result[1], data.resultType === 'scalar')];
    case 'vector':
      return data.result.map((item) =>
        item.histogram === undefined
          ? floatRow(item.metric, item.value?.[0] ?? 0, item.value?.[1] ?? '', true)
          : histogramRow(item.metric, item.histogram),
      );
    case 'matrix':
      return data.result.flatMap((item) => [
        ...(item.values ?? []).map(([time, text]) => floatRow(item.metric, time, text, true)),
        ...(item.histograms ?? []).map((one) => histogramRow(item.metric, one)),
      ]);
  }
}

function floatRow(labels: Labels, time: number, text: string, isNumber: boolean): Row {
  return { labels, time, text, value: isNumber ? readFloat(text) : NaN, histogram: null };
}

function histogramRow(labels: Labels, [time, wire]: [number, WireHistogram]): Row {
  const histogram = readHistogram(wire);
  return { labels, time, value: NaN, text: `count=${wire.count} sum=${wire.sum}`, histogram };
}

export function readFloat(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/** A label's name, or `VALUE`. */
export type SortKey = string;

export interface Sort {
  key: SortKey;
  descending: boolean;
}

/** The value's column; no label name starts with `#` in practice, and a clash only sorts by the value. */
export const VALUE = '#value';

/** Rows that have nothing to compare by stay last, whichever way it goes. */
export function sortRows(rows: readonly Row[], sort: Sort): Row[] {
  const direction = sort.descending ? -1 : 1;
  if (sort.key !== VALUE) {
    const collator = new Intl.Collator('en', { numeric: true });
    return [...rows].sort((a, b) => direction * collator.compare(a.labels[sort.key] ?? '', b.labels[sort.key] ?? ''));
  }
  const size = (row: Row): number => row.histogram?.count ?? row.value;
  return [...rows].sort((a, b) => {
    const [x, y] = [size(a), size(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return direction * (x === y ? 0 : x < y ? -1 : 1);
  });
}

/** Rows in which any label or the value contains the text. */
export function filterRows(rows: readonly Row[], text: string): readonly Row[] {
  const needle = text.trim().toLowerCase();
  if (needle === '') return rows;
  return rows.filter(
    (row) =>
      row.text.includes(needle) ||
      Object.entries(row.labels).some(([name, value]) => `${name}=${value}`.toLowerCase().includes(needle)),
  );
}
