// The areas of a stack, under the lines and above the grid. uPlot's own fills end where a line has a gap; these do not.
import type uPlot from 'uplot';
import type { Layer } from '@/model/stack';
import { SCALES } from './options';
import { fade, type Ink } from './palette';

const OPACITY = 0.32;

export interface Area {
  /** In uPlot's list of series. */
  index: number;
  /** Decides the colour. */
  colour: number;
  layer: Layer;
}

export function stackLayer(all: () => readonly Area[], ink: Ink): uPlot.Plugin {
  return { hooks: { drawAxes: [(u) => draw(u, all(), ink)] } };
}

function draw(u: uPlot, all: readonly Area[], ink: Ink): void {
  const { ctx, bbox } = u;
  const times = u.data[0];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { index, colour, layer } of all) {
    const series = u.series[index] as { alpha?: number } | undefined;
    // A line that steps back takes its area along.
    ctx.globalAlpha = series?.alpha ?? 1;
    ctx.fillStyle = fade(ink.series[colour % ink.series.length] ?? ink.text, OPACITY);
    for (const [from, to] of stretches(layer.roof)) {
      ctx.beginPath();
      for (let at = from; at < to; at++) place(u, times[at] ?? 0, layer.roof[at] ?? 0);
      for (let at = to - 1; at >= from; at--) place(u, times[at] ?? 0, layer.floor[at] ?? 0);
      ctx.fill();
    }
  }
  ctx.restore();
}

function place(u: uPlot, time: number, value: number): void {
  u.ctx.lineTo(u.valToPos(time, 'x', true), u.valToPos(value, SCALES.left, true));
}

/** From and to of what has values, without what lies between. */
export function stretches(values: readonly (number | null)[]): [number, number][] {
  const out: [number, number][] = [];
  let from = -1;
  for (let at = 0; at <= values.length; at++) {
    const isThere = at < values.length && values[at] !== null;
    if (isThere && from < 0) from = at;
    if (!isThere && from >= 0) {
      out.push([from, at]);
      from = -1;
    }
  }
  return out;
}
