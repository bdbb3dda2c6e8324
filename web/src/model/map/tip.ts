// Where the words about a node or a call stand, so that they cover neither end of it.
import type { Point } from './layout';

export interface TipPlace {
  /** Pixels from that side of the picture; the others are undefined. */
  left?: number;
  right?: number;
  top?: number;
  bottom?: number;
}

/** The tallest tip, and the widest that is usual. */
const TALL_PX = 130;
const WIDE_PX = 220;
/** From the middle of a circle to beyond its ring; below it stand a name and numbers. */
const NODE_PX = 38;
const NAME_PX = 66;
const CALL_PX = 34;

interface Box {
  width: number;
  height: number;
}

/** Above a node, where those of its own layer stand and not those it calls; below where there is no room. */
export function tipOfNode(at: Point, scale: number, box: Box): TipPlace {
  const left = Math.max(8, Math.min(at.x - WIDE_PX / 2, box.width - WIDE_PX - 8));
  const above = at.y - NODE_PX * scale;
  return above >= TALL_PX ? { left, bottom: box.height - above } : { left, top: at.y + NAME_PX * scale };
}

/** Beside the middle of a call, on the side of its two ends that is free. */
export function tipOfCall(from: Point, to: Point, box: Box): TipPlace {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const isRight = middle.x + WIDE_PX < box.width;
  const beside = to.x > from.x === isRight ? to : from;
  const across = isRight ? { left: middle.x + 10 } : { right: box.width - middle.x + 10 };
  const isAbove = beside.y >= middle.y - 8 ? middle.y - CALL_PX >= TALL_PX : middle.y + CALL_PX + TALL_PX > box.height;
  return isAbove ? { ...across, bottom: box.height - middle.y + CALL_PX } : { ...across, top: middle.y + CALL_PX };
}
