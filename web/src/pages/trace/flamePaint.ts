// The flame graph's painting: boxes on a canvas of the size that is seen.
import { fade, type Ink } from '@/components/chart/palette';
import type { FlameBox } from '@/model/trace/pathTree';

export const BOX_PX = 20;
/** Narrower than this holds no letters. */
const TEXT_PX_MIN = 28;

export interface Look {
  width: number;
  height: number;
  top: number;
  ink: Ink;
  bad: string;
  colourOf: (service: string) => number;
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
  const { ink } = look;
  const y = box.depth * BOX_PX - look.top;
  if (y + BOX_PX < 0 || y > look.height) return;
  const x = box.from * look.width;
  const width = Math.max(0.5, (box.to - box.from) * look.width - 1);
  const isMarked = look.marked === null || look.marked.has(box.node.key);
  const colour = ink.series[look.colourOf(box.node.service)] ?? ink.text;
  const isPointed = look.pointed?.node === box.node;
  context.fillStyle = fade(colour, isPointed ? 0.6 : isMarked ? 0.34 : 0.12);
  context.fillRect(x, y, width, BOX_PX - 1);
  context.fillStyle = box.node.errors > 0 ? look.bad : colour;
  if (width > 3) context.fillRect(x, y, 2, BOX_PX - 1);
  if (width < TEXT_PX_MIN) return;
  context.save();
  context.beginPath();
  context.rect(x, y, width - 3, BOX_PX);
  context.clip();
  context.fillStyle = isMarked ? ink.text : ink.muted;
  context.fillText(box.node.name, x + 6, y + BOX_PX / 2);
  const name = context.measureText(box.node.name).width;
  if (name + 60 < width) {
    context.fillStyle = ink.muted;
    context.fillText(box.node.service, x + 14 + name, y + BOX_PX / 2);
  }
  context.restore();
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
