// Exemplars as diamonds above the lines, and which one the pointer is on.
import type uPlot from 'uplot';
import type { Unit } from '@/lib/format';
import { sideOf, type Axes } from '@/model/chart';
import type { Exemplar } from '@/model/exemplars';
import { SCALES } from './options';
import type { Ink } from './palette';

export interface PlacedExemplar {
  exemplar: Exemplar;
  /** On the axis of `unit`. */
  y: number;
  unit: Unit;
}

const SIZE_PX = 4.5;
/** As near as a hand hits. */
const REACH_PX = 9;

export interface ExemplarLayer extends uPlot.Plugin {
  nearest: (u: uPlot) => Exemplar | null;
}

export function exemplarLayer(all: () => readonly PlacedExemplar[], ink: Ink, axes: Axes): ExemplarLayer {
  const placed = (): PlacedExemplar[] => all().filter((one) => sideOf(one.unit, axes) !== null);
  return {
    hooks: { draw: [(u) => draw(u, placed(), ink, axes)] },
    nearest: (u) => nearest(u, placed(), axes),
  };
}

/** On the canvas in its own pixels. What lies outside the graph stands at its edge: outliers are what is looked for. */
function place(u: uPlot, { exemplar, y, unit }: PlacedExemplar, axes: Axes): { left: number; top: number } {
  const { bbox } = u;
  const margin = SIZE_PX * devicePixelRatio;
  const top = u.valToPos(y, SCALES[sideOf(unit, axes) ?? 'left'], true);
  return {
    left: u.valToPos(exemplar.time, 'x', true),
    top: Math.min(Math.max(top, bbox.top + margin), bbox.top + bbox.height - margin),
  };
}

function draw(u: uPlot, all: readonly PlacedExemplar[], ink: Ink, axes: Axes): void {
  const { ctx, bbox } = u;
  const size = SIZE_PX * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.strokeStyle = ink.surface;
  ctx.fillStyle = ink.text;
  for (const one of all) {
    const { left, top } = place(u, one, axes);
    ctx.beginPath();
    ctx.moveTo(left, top - size);
    ctx.lineTo(left + size, top);
    ctx.lineTo(left, top + size);
    ctx.lineTo(left - size, top);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

function nearest(u: uPlot, all: readonly PlacedExemplar[], axes: Axes): Exemplar | null {
  const { left, top } = u.cursor;
  if (left === undefined || top === undefined || left < 0) return null;
  const pointer = { left: left * devicePixelRatio + u.bbox.left, top: top * devicePixelRatio + u.bbox.top };
  let best: { exemplar: Exemplar; distance: number } | null = null;
  for (const one of all) {
    const at = place(u, one, axes);
    const distance = Math.hypot(at.left - pointer.left, at.top - pointer.top);
    if (distance <= REACH_PX * devicePixelRatio && (best === null || distance < best.distance)) {
      best = { exemplar: one.exemplar, distance };
    }
  }
  return best?.exemplar ?? null;
}
