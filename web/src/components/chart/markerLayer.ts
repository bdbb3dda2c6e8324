// Moments that matter, as lines through the whole graph: a release that came.
import type uPlot from 'uplot';
import type { Ink } from './palette';

export interface Marker {
  /** Seconds since 1970. */
  time: number;
  label: string;
}

export function markerLayer(all: () => readonly Marker[], ink: Ink): uPlot.Plugin {
  return { hooks: { drawClear: [(u) => draw(u, all(), ink)] } };
}

function draw(u: uPlot, all: readonly Marker[], ink: Ink): void {
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = ink.muted;
  ctx.fillStyle = ink.muted;
  ctx.lineWidth = px;
  ctx.font = `${10 * px}px ${ink.mono}`;
  ctx.textBaseline = 'top';
  ctx.setLineDash([3 * px, 3 * px]);
  let free = -Infinity;
  for (const marker of [...all].sort((a, b) => a.time - b.time)) {
    const left = Math.round(u.valToPos(marker.time, 'x', true)) + 0.5;
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    // A label that would lie on the one before is left out: the line stays.
    const wide = ctx.measureText(marker.label).width + 8 * px;
    if (left < free) continue;
    const isRight = left + wide > bbox.left + bbox.width;
    ctx.textAlign = isRight ? 'right' : 'left';
    ctx.fillText(marker.label, left + (isRight ? -4 : 4) * px, bbox.top + 2 * px);
    free = left + (isRight ? 4 * px : wide);
  }
  ctx.restore();
}
