// The flame graph's painting: boxes on a canvas of the size that is seen.
import { fade, type Ink } from '@/components/chart/palette';
import { formatSeconds } from '@/lib/format';
import { shorten } from '@/model/trace/shorten';
import type { FlameBox } from '@/model/trace/pathTree';

export const BOX_PX = 20;
/** Narrower than this holds no letters. */
const TEXT_PX_MIN = 28;
/** Before the words, between them, and behind them. */
const INSET_PX = 6;
const GAP_PX = 8;
/** A name of which less is left says nothing. */
const NAME_PX_MIN = 60;

export interface Look {
  width: number;
  height: number;
  top: number;
  ink: Ink;
  bad: string;
  colourOf: (service: string) => string;
  pointed: FlameBox | null;
  /** Keys of paths that are meant; null when all are. */
  marked: ReadonlySet<string> | null;
}

export function paintFlame(canvas: HTMLCanvasElement, boxes: readonly FlameBox[], look: Look): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = devicePixelRatio;
  canvas.width = look.width * ratio;
  canvas.height = look.height * ratio;
  context.scale(ratio, ratio);
  context.font = `11px ${look.ink.mono}`;
  context.textBaseline = 'middle';
  for (const box of boxes) paintBox(context, box, look);
}

function paintBox(context: CanvasRenderingContext2D, box: FlameBox, look: Look): void {
  const y = box.depth * BOX_PX - look.top;
  if (y + BOX_PX < 0 || y > look.height) return;
  const x = box.from * look.width;
  const width = Math.max(0.5, (box.to - box.from) * look.width - 1);
  const isMarked = look.marked === null || look.marked.has(box.node.key);
  const colour = look.colourOf(box.node.service);
  const isPointed = look.pointed?.node === box.node;
  // No fuller: the words on it are to be read.
  context.fillStyle = fade(colour, isPointed ? 0.42 : isMarked ? 0.32 : 0.12);
  context.fillRect(x, y, width, BOX_PX - 1);
  context.fillStyle = box.node.errors > 0 ? look.bad : colour;
  if (width > 3) context.fillRect(x, y, 2, BOX_PX - 1);
  if (isPointed && width > 3) {
    context.strokeStyle = look.ink.text;
    context.strokeRect(x + 0.5, y + 0.5, width - 1, BOX_PX - 2);
  }
  if (width >= TEXT_PX_MIN) paintWords(context, box, look, { x, y: y + BOX_PX / 2, width, isMarked });
}

interface Place {
  x: number;
  y: number;
  width: number;
  isMarked: boolean;
}

/** The name, and where there is room the duration at the right end, and the service between them. */
function paintWords(context: CanvasRenderingContext2D, { node }: FlameBox, look: Look, place: Place): void {
  const { x, y, isMarked } = place;
  const measure = (text: string): number => context.measureText(text).width;
  let room = place.width - 2 * INSET_PX;
  context.fillStyle = isMarked ? look.ink.text : look.ink.muted;
  const duration = formatSeconds(node.weight / 1e9);
  const wide = measure(duration);
  if (room - wide - GAP_PX >= Math.min(NAME_PX_MIN, measure(node.name))) {
    context.fillText(duration, x + place.width - INSET_PX - wide, y);
    room -= wide + GAP_PX;
  }
  const name = shorten(node.name, room, measure);
  context.fillText(name, x + INSET_PX, y);
  const left = measure(name) + GAP_PX;
  const service = name === node.name ? shorten(node.service, room - left, measure) : '';
  if (service !== node.service) return;
  context.globalAlpha = 0.85;
  context.fillText(service, x + INSET_PX + left, y);
  context.globalAlpha = 1;
}

export function boxAt(
  boxes: readonly FlameBox[],
  look: Pick<Look, 'width' | 'top'>,
  x: number,
  y: number,
): FlameBox | null {
  const depth = Math.floor((y + look.top) / BOX_PX);
  const place = x / look.width;
  return boxes.find((box) => box.depth === depth && box.from <= place && place < box.to) ?? null;
}
