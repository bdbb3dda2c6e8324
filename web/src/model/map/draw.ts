// Sizes, widths and paths of the map.
import type { Point } from './layout';

export const RADIUS_MIN = 11;
export const RADIUS_MAX = 26;

/** The area follows the traffic. */
export function radiusOf(rate: number, most: number): number {
  if (!(rate > 0) || !(most > 0)) return RADIUS_MIN;
  return RADIUS_MIN + (RADIUS_MAX - RADIUS_MIN) * Math.sqrt(Math.min(1, rate / most));
}

const WIDTH_MIN = 1.25;
const WIDTH_MAX = 6;

/** By the logarithm: rates lie orders of magnitude apart. */
export function widthOf(rate: number, most: number): number {
  if (!(rate > 0) || !(most > 0)) return WIDTH_MIN;
  // Three orders of magnitude below the largest are all the thinnest.
  const place = 1 + Math.log10(rate / most) / 3;
  return WIDTH_MIN + (WIDTH_MAX - WIDTH_MIN) * Math.min(1, Math.max(0, place));
}

/** Room for the head of the arrow. */
const HEAD_PX = 7;

/** Half the width of what stands below a node: next to it a call runs level, so that it does not cross the words. */
const LEVEL_PX = 52;

/** A smooth way through the points, from the edge of the first circle to before the edge of the last. */
export function pathOf(points: readonly Point[], fromRadius: number, toRadius: number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return '';
  if (points.length === 2 && first.x === last.x && first.y === last.y) return loopOf(first, fromRadius);
  const isForward = last.x >= first.x;
  const start = { x: first.x + (isForward ? fromRadius : -fromRadius), y: first.y };
  const end = { x: last.x + (isForward ? -toRadius - HEAD_PX : toRadius + HEAD_PX), y: last.y };
  const way = isForward ? 1 : -1;
  const passes = points.slice(1, -1).flatMap(({ x, y }) => [
    { x: x - way * LEVEL_PX, y },
    { x: x + way * LEVEL_PX, y },
  ]);
  const all = [start, ...passes, end];
  // Against the direction of the others it bends aside, so that it does not lie on the call it answers.
  const bend = isForward ? 0 : -28;
  let out = `M${print(start)}`;
  for (let index = 1; index < all.length; index++) {
    const [a, b] = [all[index - 1] ?? start, all[index] ?? end];
    const half = (b.x - a.x) / 2;
    out += `C${print({ x: a.x + half, y: a.y + bend })} ${print({ x: b.x - half, y: b.y + bend })} ${print(b)}`;
  }
  return out;
}

/** A call of oneself, above the circle. */
function loopOf(at: Point, radius: number): string {
  const [x, y, r] = [at.x, at.y, radius];
  const start = { x: x - r * 0.6, y: y - r * 0.8 };
  const end = { x: x + r * 0.6, y: y - r * 0.8 - HEAD_PX * 0.8 };
  return `M${print(start)}C${print({ x: x - r * 1.6, y: y - r - 24 })} ${print({ x: x + r * 1.6, y: y - r - 24 })} ${print(end)}`;
}

const print = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;
const round = (value: number): number => Math.round(value * 10) / 10;

/** The part of a circle that a share is, from the top, clockwise; null for none. */
export function arcOf(share: number, radius: number): string | null {
  if (!(share > 0)) return null;
  // A whole circle has no two ends: it is two halves.
  if (share > 0.99) return `M0 ${-radius}A${radius} ${radius} 0 0 1 0 ${radius}A${radius} ${radius} 0 0 1 0 ${-radius}`;
  // A few errors among many are still seen.
  const angle = Math.max(0.04, share) * 2 * Math.PI;
  const end = { x: radius * Math.sin(angle), y: -radius * Math.cos(angle) };
  return `M0 ${-radius}A${radius} ${radius} 0 ${angle > Math.PI ? 1 : 0} 1 ${print(end)}`;
}

/** Where the map is looked at: what is at the left top, and how large. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export const SCALE_MIN = 0.15;
export const SCALE_MAX = 2.5;
const MARGIN_PX = 72;

/** All of it, in the middle, never larger than life. */
export function fit(content: { width: number; height: number }, box: { width: number; height: number }): View {
  const across = (box.width - 2 * MARGIN_PX) / Math.max(1, content.width);
  const down = (box.height - 2 * MARGIN_PX) / Math.max(1, content.height);
  const scale = Math.min(1.15, Math.max(SCALE_MIN, Math.min(across, down)));
  return {
    scale,
    x: (box.width - content.width * scale) / 2,
    y: (box.height - content.height * scale) / 2,
  };
}

/** What is under the pointer stays there. */
export function zoomAt(view: View, at: Point, by: number): View {
  const scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, view.scale * by));
  const ratio = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
}
