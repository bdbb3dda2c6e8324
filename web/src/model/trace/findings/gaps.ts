// Time that no span accounts for: between the children of a span, and between the spans of the whole trace.
import { selfPieces, type Piece } from '../selfTime';
import { titleOf, type Span, type Trace } from '../trace';
import { duration, percent, spanAt, type Finding } from './finding';

/** Shorter ones, as a share of the trace, are the way of programs. */
const SHARE_MIN = 0.1;
const NANOS_MIN = 1e6;
const SHARE_BAD = 0.3;
export const GAPS_MAX = 5;

export function findGaps(trace: Trace): Finding[] {
  const least = Math.max(NANOS_MIN, SHARE_MIN * trace.duration);
  const within = trace.spans
    // Without children there is nothing to be between: it is the span's own time.
    .filter((span) => span.children.length > 0 && span.duration >= least)
    .flatMap((span) =>
      selfPieces(trace, span)
        .filter((piece) => piece.to - piece.from >= least)
        .map((piece) => toFinding(trace, span, piece)),
    );
  return [...outside(trace, least), ...within].sort((a, b) => b.cost - a.cost).slice(0, GAPS_MAX);
}

function toFinding(trace: Trace, span: Span, piece: Piece): Finding {
  const took = piece.to - piece.from;
  return {
    id: `gap ${span.index} ${piece.from}`,
    kind: 'gap',
    severity: took > SHARE_BAD * trace.duration ? 'warn' : 'note',
    title: `${duration(took)} in ${titleOf(span)} with no span below it, ${percent(took, trace.duration)} of the trace${where(trace, span, piece)}`,
    detail: 'Code without instrumentation, waiting for a lock, a pool or the processor, or a pause of the runtime.',
    spans: [span.index],
    piece,
    cost: took,
  };
}

function where(trace: Trace, span: Span, piece: Piece): string {
  const children = span.children.map((index) => spanAt(trace, index));
  const before = children
    .filter((child) => child.end <= piece.from && child.end >= span.start)
    .sort((a, b) => b.end - a.end)[0];
  const after = children.find((child) => child.start >= piece.to && child.start < span.end);
  if (before !== undefined && after !== undefined) return `, between ${before.name} and ${after.name}`;
  if (after !== undefined) return `, before ${after.name}`;
  return before === undefined ? '' : `, after ${before.name}`;
}

/** When nothing of the trace ran at all. */
function outside(trace: Trace, least: number): Finding[] {
  const out: Finding[] = [];
  let reached = 0;
  let last: Span | undefined;
  for (const span of [...trace.spans].sort((a, b) => a.start - b.start)) {
    const took = span.start - reached;
    if (last !== undefined && took >= least) {
      out.push({
        id: `gap trace ${reached}`,
        kind: 'gap',
        severity: 'note',
        title: `${duration(took)} in which nothing of the trace ran, ${percent(took, trace.duration)} of it: after ${titleOf(last)}, before ${titleOf(span)}`,
        detail: 'Something waited: in a queue, for a timer, or for a span that was not sent.',
        spans: [last.index, span.index].sort((a, b) => a - b),
        piece: { from: reached, to: span.start },
        cost: took,
      });
    }
    if (span.end >= reached) last = span;
    reached = Math.max(reached, span.end);
  }
  return out;
}
