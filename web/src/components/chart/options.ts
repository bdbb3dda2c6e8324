// uPlot's options for our graphs.
import uPlot from 'uplot';
import type { Unit } from '@/lib/format';
import { printTicks, rangeOf, valueTicks } from '@/model/axis';
import { sideOf, type Axes, type ChartSeries, type Side } from '@/model/chart';
import { dashOf, fade, type Ink } from './palette';

export interface ChartLook {
  ink: Ink;
  axes: Axes;
  utc: boolean;
  isStacked: boolean;
  /** Zero belongs to the picture, whatever the lines do. */
  fromZero?: boolean;
  width: number;
  height: number;
  gutter: Gutter;
}

/** At least so much room at both sides: graphs that lie under each other share their moments. */
export interface Gutter {
  left: number;
  right: number;
}

/** Half of a moment's text hangs over the right edge. */
export const NO_GUTTER: Gutter = { left: 40, right: 26 };

/** Lines that each get a dot under the pointer. */
const DOTS_MAX = 16;

/** The scales by their names in uPlot. */
export const SCALES: Record<Side, string> = { left: 'y', right: 'y2' };

/** `order[i]` is the index in the whole list, which decides the colour. */
export function chartOptions(series: readonly ChartSeries[], order: readonly number[], look: ChartLook): uPlot.Options {
  const { ink, axes } = look;
  const isFromZero = look.isStacked || look.fromZero === true;
  return {
    width: look.width,
    height: look.height,
    padding: [12, axes.right === null ? look.gutter.right : 0, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => (look.utc ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000)),
    cursor: {
      drag: { x: true, y: false, setScale: false, dist: 4 },
      focus: { prox: 24 },
      // A dot on each of many lines is a wall of dots: then only the nearest line has one.
      points: { size: 7, width: 1.5, one: series.length > DOTS_MAX },
    },
    focus: { alpha: 0.25 },
    scales: {
      x: { time: true },
      y: { range: (_plot, low, high) => rangeOf(low, high, axes.left, isFromZero) },
      // Nothing is stacked on the right.
      y2: { range: (_plot, low, high) => rangeOf(low, high, axes.right ?? 'none', look.fromZero === true) },
    },
    axes: [
      timeAxis(ink),
      valueAxis(ink, axes.left, 'left', look.gutter.left),
      ...(axes.right === null ? [] : [valueAxis(ink, axes.right, 'right', Math.max(40, look.gutter.right))]),
    ],
    series: [{}, ...series.map((one, index) => lineOf(one, order[index] ?? index, series.length, look))],
  };
}

function lineOf(series: ChartSeries, index: number, count: number, look: ChartLook): uPlot.Series {
  const own = look.ink.series[index % look.ink.series.length] ?? look.ink.text;
  const stroke = series.isBad === true ? look.ink.bad : own;
  // What lies under the lines of a stack is drawn by its layer.
  const fill = count === 1 && !look.isStacked ? fade(stroke, 0.09) : undefined;
  return {
    label: series.name,
    scale: SCALES[sideOf(series.unit, look.axes) ?? 'left'],
    stroke,
    width: count > 60 ? 1 : 1.5,
    dash: dashOf(index),
    points: { show: false, filter: lonely },
    ...(fill === undefined ? {} : { fill }),
  };
}

/** A sample between two gaps has no line: without a dot it would not be seen. */
function lonely(plot: uPlot, seriesIndex: number): number[] | null {
  const values = plot.data[seriesIndex];
  if (values === undefined) return null;
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return found.length === 0 ? null : found;
}

function timeAxis(ink: Ink): uPlot.Axis {
  const day = '{YYYY}-{MM}-{DD}';
  return {
    stroke: ink.muted,
    font: `11px ${ink.mono}`,
    grid: { stroke: ink.line, width: 1 },
    ticks: { stroke: ink.line, size: 4 },
    size: 36,
    gap: 6,
    space: 72,
    // Per distance: the format, and what is added where a larger unit begins.
    values: [
      [86_400 * 28, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
      [86_400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
      [60, '{HH}:{mm}', `\n${day}`, null, '\n{MM}-{DD}', null, null, null, 1],
      [1, '{HH}:{mm}:{ss}', `\n${day}`, null, '\n{MM}-{DD}', null, null, null, 1],
      [0.001, '{ss}.{fff}', `\n${day} {HH}:{mm}`, null, null, null, '\n{HH}:{mm}', null, 1],
    ],
  };
}

/** Marks are at least so far apart. */
const MARK_PX = 40;

function valueAxis(ink: Ink, unit: Unit, side: Side, sizeMin: number): uPlot.Axis {
  return {
    scale: SCALES[side],
    side: side === 'left' ? 3 : 1,
    stroke: ink.muted,
    font: `11px ${ink.mono}`,
    // One grid: two would cross each other.
    grid: { show: side === 'left', stroke: ink.line, width: 1 },
    ticks: { show: false },
    gap: 8,
    space: MARK_PX,
    size: (plot, values, axisIndex, cycle) => {
      const axis = plot.axes[axisIndex] as { _size?: number } | undefined;
      if (cycle > 1 && axis?._size !== undefined) return axis._size;
      const longest = Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0));
      // 6.2 px is the mean width of a character at 11 px.
      return Math.max(sizeMin, Math.ceil(longest * 6.2) + 18);
    },
    splits: (plot, _axis, low, high) => valueTicks(low, high, plot.bbox.height / devicePixelRatio / MARK_PX, unit),
    values: (_plot, splits) => printTicks(splits, unit),
  };
}
