// How long each span was at work itself: its duration without the time in which any of its children ran.
import type { Span, Trace } from './trace';

export interface Piece {
  from: number;
  to: number;
}

/** Nanoseconds, by index of the span. Children count only while their parent runs; those side by side count once. */
export function selfTimes(trace: Trace): Float64Array {
  const out = new Float64Array(trace.spans.length);
  for (const span of trace.spans) out[span.index] = span.duration - covered(trace, span);
  return out;
}

function covered(trace: Trace, span: Span): number {
  let total = 0;
  let reached: number = span.start;
  for (const index of span.children) {
    const child = trace.spans[index] as Span;
    const from = Math.max(child.start, reached);
    const to = Math.min(child.end, span.end);
    if (to <= from) continue;
    total += to - from;
    reached = to;
  }
  return total;
}

/** When none of its children ran, in order. */
export function selfPieces(trace: Trace, span: Span): Piece[] {
  const out: Piece[] = [];
  let reached: number = span.start;
  for (const index of span.children) {
    const child = trace.spans[index] as Span;
    const from = Math.min(child.start, span.end);
    if (from > reached) out.push({ from: reached, to: from });
    reached = Math.max(reached, Math.min(child.end, span.end));
  }
  if (span.end > reached) out.push({ from: reached, to: span.end });
  return out;
}
