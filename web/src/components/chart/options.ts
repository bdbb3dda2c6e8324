// uPlot's options for our graphs.
import uPlot from 'uplot';
import { formatValue, type Unit } from '@/lib/format';
import { sideOf, stackPairs, type Axes, type ChartSeries, type Side } from '@/model/chart';
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
}

/** Lines that each get a dot under the pointer. */
const DOTS_MAX = 16;

/** Powers of two below an axis of bytes: 1, 2, 4 … of each prefix. */
const BINARY_STEPS = Array.from({ length: 61 }, (_, power) => 2 ** power);
/** Seconds, minutes, hours, days: an axis of durations steps as clocks do. */
const CLOCK_STEPS = [
  ...[1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1].flatMap((step) => [step, 2 * step, 5 * step]),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200],
  ...[1, 2, 5, 10, 20, 50, 100, 365, 730, 1825].map((days) => days * 86_400),
];

/** The scales by their names in uPlot. */
export const SCALES: Record<Side, string> = { left: 'y', right: 'y2' };

/** `order[i]` is the index in the whole list, which decides the colour. */
export function chartOptions(series: readonly ChartSeries[], order: readonly number[], look: ChartLook): uPlot.Options {
  const { ink, axes } = look;
  const sides = series.map((one) => sideOf(one.unit, axes));
  return {
    width: look.width,
    height: look.height,
    padding: [12, axes.right === null ? 12 : 0, 0, 0],
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
      y: { range: (_plot, low, high) => rangeOf(low, high, axes.left, look.isStacked || look.fromZero === true) },
      y2: {
        range: (_plot, low, high) => rangeOf(low, high, axes.right ?? 'none', look.isStacked || look.fromZero === true),
      },
    },
    axes: [
      timeAxis(ink),
      valueAxis(ink, axes.left, 'left'),
      ...(axes.right === null ? [] : [valueAxis(ink, axes.right, 'right')]),
    ],
    series: [{}, ...series.map((one, index) => lineOf(one, order[index] ?? index, series.length, look))],
    bands: look.isStacked
      ? stackPairs(sides).map(([over, under]) => ({ series: [over + 1, under + 1] as [number, number] }))
      : [],
  };
}

function lineOf(series: ChartSeries, index: number, count: number, look: ChartLook): uPlot.Series {
  const stroke = look.ink.series[index % look.ink.series.length] ?? look.ink.text;
  const fill = look.isStacked ? fade(stroke, 0.32) : count === 1 ? fade(stroke, 0.09) : undefined;
  return {
    label: series.name,
    scale: SCALES[sideOf(series.unit, look.axes)],
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

export function rangeOf(low: number | null, high: number | null, unit: Unit, isStacked: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (unit === 'bool') return [0, 1.1];
  const bottom = isStacked ? Math.min(0, low) : low;
  // A straight line stands in the middle, its own height away from zero.
  if (bottom === high) return high === 0 ? [0, 1] : high > 0 ? [0, high * 2] : [high * 2, 0];
  const pad = (high - bottom) * 0.08;
  // Close to zero, zero belongs to the picture.
  const isNearZero = bottom >= 0 && bottom < high * 0.5;
  return [isNearZero ? 0 : bottom === 0 ? 0 : bottom - pad, high <= 0 && high > bottom * 0.5 ? 0 : high + pad];
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

function valueAxis(ink: Ink, unit: Unit, side: Side): uPlot.Axis {
  const incrs = unit === 'bytes' || unit === 'bytes/s' ? BINARY_STEPS : unit === 'seconds' ? CLOCK_STEPS : undefined;
  return {
    scale: SCALES[side],
    side: side === 'left' ? 3 : 1,
    stroke: ink.muted,
    font: `11px ${ink.mono}`,
    // One grid: two would cross each other.
    grid: { show: side === 'left', stroke: ink.line, width: 1 },
    ticks: { show: false },
    gap: 8,
    space: 36,
    size: (plot, values, axisIndex, cycle) => {
      const axis = plot.axes[axisIndex] as { _size?: number } | undefined;
      if (cycle > 1 && axis?._size !== undefined) return axis._size;
      const longest = Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0));
      // 6.2 px is the mean width of a character at 11 px.
      return Math.max(40, Math.ceil(longest * 6.2) + 18);
    },
    values: (_plot, splits) => splits.map((split) => (split === null ? '' : formatValue(split, unit))),
    ...(incrs === undefined ? {} : { incrs }),
  };
}
