// Which rows the timeline has, and which of them are near what is seen. All rows are equally high: the window is a
// division, however many there are.
import type { Trace } from './trace';

export type Row = { kind: 'span'; span: number } | { kind: 'log'; span: number; log: number };

/** A span whose children are folded away, by index. */
export type Folded = ReadonlySet<number>;

/** Log lines under the span that wrote them, where `logs` has any; `logs` gives the places of lines by span. */
export function rowsOf(trace: Trace, folded: Folded, logs?: ReadonlyMap<number, readonly number[]>): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < trace.spans.length; index++) {
    rows.push({ kind: 'span', span: index });
    for (const log of logs?.get(index) ?? []) rows.push({ kind: 'log', span: index, log });
    if (folded.has(index)) index = trace.spans[index]?.last ?? index;
  }
  return rows;
}

/** Row of a span; when it is folded away, of the nearest above it that is shown. -1 when there is none. */
export function rowOfSpan(rows: readonly Row[], span: number): number {
  let [low, high] = [0, rows.length - 1];
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const row = rows[middle] as Row;
    if (row.span < span || (row.span === span && row.kind === 'span')) {
      found = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  while (found > 0 && rows[found]?.kind === 'log') found -= 1;
  return found;
}

const INDENT_PX = 12;
/** Levels that are told apart by it; what lies deeper shares what is left of the width. */
const INDENTED_LEVELS = 14;
const DEEP_PX = 60;

/** Pixels from the left: each of the first levels has its own, however deep the tree is. */
export function indentOf(depth: number, deepest: number): number {
  const plain = Math.min(depth, INDENTED_LEVELS) * INDENT_PX;
  const below = Math.max(0, depth - INDENTED_LEVELS);
  const share = Math.min(INDENT_PX, DEEP_PX / Math.max(1, deepest - INDENTED_LEVELS));
  return plain + below * share;
}

export interface Window {
  /** First row and the one after the last. */
  from: number;
  to: number;
}

/** Rows to draw: those seen, and some around so that a fast scroll does not show the ground. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number, around: number): Window {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight) - around;
  const last = Math.ceil((Math.max(0, scrollTop) + height) / rowHeight) + around;
  const from = Math.min(Math.max(0, first), count);
  return { from, to: Math.max(from, Math.min(count, last)) };
}

/**
 * Where to scroll so that a row is seen; where it is already, nothing moves. A step beyond the edge moves by a step;
 * what is far away comes to the upper third, with what follows it below.
 */
export function scrollFor(row: number, rowHeight: number, scrollTop: number, height: number): number {
  const top = row * rowHeight;
  // Two rows of what is around it.
  const margin = Math.min(2 * rowHeight, Math.max(0, (height - rowHeight) / 2));
  const [above, below] = [scrollTop - (top - margin), top + rowHeight + margin - (scrollTop + height)];
  if (above <= 0 && below <= 0) return scrollTop;
  const isFar = Math.max(above, below) > FAR_ROWS * rowHeight;
  return Math.max(0, isFar ? top - height / 3 : above > 0 ? scrollTop - above : scrollTop + below);
}

const FAR_ROWS = 6;

export function foldAll(trace: Trace): Set<number> {
  return foldBelow(trace, 0);
}

/** Levels 0 to `depth` stay open to see. */
export function foldBelow(trace: Trace, depth: number): Set<number> {
  return new Set(
    trace.spans.filter((span) => span.depth >= depth && span.children.length > 0).map((span) => span.index),
  );
}

/** One level more, or less, than is seen now. */
export function foldLevel(trace: Trace, folded: Folded, by: 1 | -1): Set<number> {
  const shown = rowsOf(trace, folded).reduce((most, row) => Math.max(most, trace.spans[row.span]?.depth ?? 0), 0);
  if (by < 0) return foldBelow(trace, Math.max(0, shown - 1));
  return foldBelow(trace, shown + 1);
}

export function toggleFold(folded: Folded, span: number): Set<number> {
  const next = new Set(folded);
  if (!next.delete(span)) next.add(span);
  return next;
}

/** A whole subtree, all of it folded or all of it open. */
export function setSubtree(trace: Trace, folded: Folded, span: number, isFolded: boolean): Set<number> {
  const next = new Set(folded);
  for (let index = span; index <= (trace.spans[span]?.last ?? span); index++) {
    if (isFolded && (trace.spans[index]?.children.length ?? 0) > 0) next.add(index);
    else next.delete(index);
  }
  return next;
}

/** Opens whatever hides a span. */
export function reveal(trace: Trace, folded: Folded, span: number): Folded {
  let next: Set<number> | null = null;
  for (let above = trace.spans[span]?.parent ?? -1; above >= 0; above = trace.spans[above]?.parent ?? -1) {
    if (!folded.has(above)) continue;
    next ??= new Set(folded);
    next.delete(above);
  }
  return next ?? folded;
}
