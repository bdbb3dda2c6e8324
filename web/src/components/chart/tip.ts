// Which lines the tooltip tells of, and in which order.
import type { ChartSeries } from '@/model/chart';

export interface TipLine {
  series: ChartSeries;
  /** Among the shown series. */
  index: number;
  value: number;
}

export interface Tip {
  lines: TipLine[];
  /** Lines at zero that are only counted. */
  zeros: number;
  /** Others that are left out. */
  more: number;
}

/** More lines would hide the graph. */
const LINES_MAX = 10;
/** So many zeros say no more than their number. */
const ZEROS_MAX = 2;

/**
 * Stacked from top to bottom as they lie; otherwise the largest of each unit first, for numbers of two units are not
 * compared. The one under the pointer is always there.
 */
export function tipOf(series: readonly ChartSeries[], at: number, focused: number, isStacked: boolean): Tip {
  const all = series
    .map((one, index) => ({ series: one, index, value: one.values[at] }))
    .filter((line): line is TipLine => line.value != null);
  const units = [...new Set(series.map((one) => one.unit))];
  const byUnit = (a: TipLine, b: TipLine): number => units.indexOf(a.series.unit) - units.indexOf(b.series.unit);
  all.sort((a, b) => byUnit(a, b) || (isStacked ? b.index - a.index : b.value - a.value));
  const zeros = all.filter((line) => line.value === 0 && line.index !== focused);
  const told = zeros.length > ZEROS_MAX ? all.filter((line) => !zeros.includes(line)) : all;
  const focusedAt = told.findIndex((line) => line.index === focused);
  const start = focusedAt < LINES_MAX ? 0 : Math.min(focusedAt - LINES_MAX / 2, told.length - LINES_MAX);
  const lines = told.slice(start, start + LINES_MAX);
  return { lines, zeros: all.length - told.length, more: told.length - lines.length };
}
