// Clocks that are apart: a child that begins before its parent, or a served call that ends after it. Said, and
// corrected only for whoever asks: a guess at the right time hides what was measured.
import type { Span, Trace } from '../trace';
import { duration, plural, spanAt, type Finding } from './finding';

/** Closer than this is the resolution of clocks and of what sets them. */
const NANOS_MIN = 1e5;

interface Pair {
  from: string;
  to: string;
  /** How far the furthest lies outside. */
  early: number;
  late: number;
  spans: number[];
}

export function findSkew(trace: Trace): Finding[] {
  const pairs = new Map<string, Pair>();
  for (const span of trace.spans) {
    if (span.parent < 0) continue;
    const parent = spanAt(trace, span.parent);
    if (!clocksApart(parent, span)) continue;
    const { early, late } = outside(parent, span);
    const [from, to] = [placeOf(parent), placeOf(span)];
    const pair = pairs.get(`${from}\u0000${to}`) ?? { from, to, early: 0, late: 0, spans: [] };
    pair.early = Math.max(pair.early, early);
    pair.late = Math.max(pair.late, late);
    pair.spans.push(span.index);
    pairs.set(`${from}\u0000${to}`, pair);
  }
  return [...pairs.values()].map(toFinding);
}

/** Somebody waited for the answer, and did not give up. */
export function isAwaited(parent: Span, span: Span): boolean {
  return parent.wire.span_kind === 'client' && span.wire.span_kind === 'server' && !parent.isError;
}

/** Ending later is a fault only where somebody waited for the answer. */
function outside(parent: Span, span: Span): { early: number; late: number } {
  return {
    early: Math.max(0, parent.start - span.start),
    late: isAwaited(parent, span) ? Math.max(0, span.end - parent.end) : 0,
  };
}

export function clocksApart(parent: Span, span: Span): boolean {
  const { early, late } = outside(parent, span);
  return early >= NANOS_MIN || late >= NANOS_MIN;
}

/** What has a clock of its own. */
export function placeOf(span: Span): string {
  return span.wire.host === undefined || span.wire.host === '' ? span.service : `${span.service} on ${span.wire.host}`;
}

function toFinding({ from, to, early, late, spans }: Pair): Finding {
  const worst = Math.max(early, late);
  const isEarly = early >= late;
  const how = isEarly
    ? `${spans.length === 1 ? 'begins' : 'begin'} up to ${duration(early)} before the call that caused ${spans.length === 1 ? 'it' : 'them'}`
    : `${spans.length === 1 ? 'ends' : 'end'} up to ${duration(late)} after the call that waited for ${spans.length === 1 ? 'it' : 'them'}`;
  return {
    id: `skew ${from} ${to}`,
    kind: 'skew',
    severity: 'warn',
    title: `${plural(spans.length, 'span')} of ${to} ${how}${from === to ? '' : `: its clock is ${isEarly ? 'behind' : 'ahead of'} that of ${from}`}`,
    detail: `As they were sent, lengths are right and places may be off by ${duration(worst)} or more. “Align clocks” draws them moved.`,
    spans,
    cost: 0,
  };
}
