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
  return {
    hooks: { draw: [(u) => draw(u, all(), ink, axes)] },
    nearest: (u) => nearest(u, all(), axes),
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
  for (const { exemplar, y, unit } of all) {
    const left = u.valToPos(exemplar.time, 'x', true);
    const top = u.valToPos(y, SCALES[sideOf(unit, axes)], true);
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
  let best: { exemplar: Exemplar; distance: number } | null = null;
  for (const { exemplar, y, unit } of all) {
    const distance = Math.hypot(u.valToPos(exemplar.time, 'x') - left, u.valToPos(y, SCALES[sideOf(unit, axes)]) - top);
    if (distance <= REACH_PX && (best === null || distance < best.distance)) best = { exemplar, distance };
  }
  return best?.exemplar ?? null;
}
