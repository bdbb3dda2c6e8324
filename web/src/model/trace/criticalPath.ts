// The chain of work that the trace's duration is made of: making any piece of it faster makes the trace faster.
// Walked backwards from the root's end: always into the child that ended last (Eliseyev, "CRISP", USENIX ATC 2022).
import type { Span, Trace } from './trace';

export interface PathPiece {
  span: number;
  /** Nanoseconds after the trace's start. */
  from: number;
  to: number;
}

/** In the order of time; the pieces of one root fill it without a gap. A child counts only while its parent runs. */
export function criticalPath(trace: Trace): PathPiece[] {
  const first = trace.root ?? trace.spans[longest(trace)];
  if (first === undefined) return [];
  const out: PathPiece[] = [];
  // Each entry is a span that is followed backwards from `reached`, with the children that may still be met.
  const stack: { span: Span; reached: number; floor: number; rest: number[] }[] = [];
  const enter = (span: Span, limit: number, floor: number): void => {
    stack.push({
      span,
      reached: Math.min(span.end, limit),
      floor: Math.max(span.start, floor),
      rest: byEnd(trace, span),
    });
  };
  enter(first, first.end, first.start);
  for (let here = stack.at(-1); here !== undefined; here = stack.at(-1)) {
    const child = nextChild(trace, here);
    if (child === undefined) {
      push(out, here.span.index, here.floor, here.reached);
      stack.pop();
      continue;
    }
    const childEnd = Math.min(child.end, here.reached);
    push(out, here.span.index, childEnd, here.reached);
    here.reached = Math.max(child.start, here.floor);
    enter(child, childEnd, here.floor);
  }
  return out.reverse();
}

/** The child that ended last before the place that was reached. */
function nextChild(
  trace: Trace,
  here: { span: Span; reached: number; floor: number; rest: number[] },
): Span | undefined {
  for (let index = here.rest.pop(); index !== undefined; index = here.rest.pop()) {
    const child = trace.spans[index] as Span;
    // Work that went on after its parent had ended did not hold it up, except for the part before.
    const isAsync = child.start >= here.span.end;
    const overlapsReached = child.end > here.reached && here.reached < here.span.end;
    if (isAsync || overlapsReached || child.start >= here.reached || child.end <= here.floor) continue;
    return child;
  }
  return undefined;
}

/** The last to end stands last. */
function byEnd(trace: Trace, span: Span): number[] {
  const end = (index: number): number => Math.min(trace.spans[index]?.end ?? 0, span.end);
  return [...span.children].sort((a, b) => end(a) - end(b));
}

function push(out: PathPiece[], span: number, from: number, to: number): void {
  if (to > from) out.push({ span, from, to });
}

function longest(trace: Trace): number {
  return trace.roots.reduce((best, index) => {
    return (trace.spans[index]?.duration ?? 0) > (trace.spans[best]?.duration ?? -1) ? index : best;
  }, -1);
}

/** The pieces by span, for drawing a row at a time. */
export function piecesBySpan(path: readonly PathPiece[]): Map<number, PathPiece[]> {
  const out = new Map<number, PathPiece[]>();
  for (const piece of path) {
    const known = out.get(piece.span);
    if (known === undefined) out.set(piece.span, [piece]);
    else known.push(piece);
  }
  return out;
}
