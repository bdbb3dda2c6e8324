// The rows of a legend in order, and how wide their numbers are.
import { formatValue } from '@/lib/format';
import type { ChartSeries, Stats } from '@/model/chart';

export type LegendColumn = keyof Stats | 'name';
export const STATS: (keyof Stats)[] = ['last', 'min', 'max', 'avg'];

export interface LegendSort {
  by: LegendColumn;
  isDescending: boolean;
}

/** The largest now are what is looked for. */
export const FIRST_SORT: LegendSort = { by: 'last', isDescending: true };

/** Numbers from the top first, names from A; the same again turns it around. */
export function nextSort(sort: LegendSort, by: LegendColumn): LegendSort {
  return sort.by === by ? { by, isDescending: !sort.isDescending } : { by, isDescending: by !== 'name' };
}

export interface LegendEntry {
  series: ChartSeries;
  /** In the chart, where it decides the colour. */
  index: number;
}

/** Numbers of two units are not compared: each unit is a list of its own. What has no number stays last. */
export function sortRows(series: readonly ChartSeries[], { by, isDescending }: LegendSort): LegendEntry[] {
  const rows = series.map((one, index) => ({ series: one, index }));
  const direction = isDescending ? -1 : 1;
  if (by === 'name') {
    const collator = new Intl.Collator('en', { numeric: true });
    const nameOf = ({ series: one }: LegendEntry): string => `${one.name} ${one.query}`;
    return rows.sort((a, b) => direction * collator.compare(nameOf(a), nameOf(b)));
  }
  const units = [...new Set(series.map((one) => one.unit))];
  const unitOf = (row: LegendEntry): number => units.indexOf(row.series.unit);
  return rows.sort((a, b) => {
    const [x, y] = [a.series.stats[by], b.series.stats[by]];
    const isNone = Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return unitOf(a) - unitOf(b) || isNone || (x === y ? 0 : direction * (x < y ? -1 : 1));
  });
}

/** Characters of the longest number: rows are grids of their own, so that they cannot agree on a width themselves. */
export function numberWidth(series: readonly ChartSeries[]): number {
  return series.reduce(
    (most, { stats, unit }) =>
      STATS.reduce((longest, key) => Math.max(longest, printStat(stats[key], unit).length), most),
    0,
  );
}

export function printStat(value: number, unit: ChartSeries['unit']): string {
  return Number.isNaN(value) ? '–' : formatValue(value, unit);
}
