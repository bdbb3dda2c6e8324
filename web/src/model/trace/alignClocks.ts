// How far spans are to be moved so that no clock is ahead of another. A guess: the clocks of two places differ by one
// amount, and an answer lies in the middle of the time that it was waited for. Asked for, never done by itself.
import type { WireSpan } from '@/api/events';
import { clocksApart, isAwaited, placeOf } from './findings/skew';
import type { Span, Trace } from './trace';

export type Shifts = ReadonlyMap<WireSpan, number>;

interface Limits {
  /** Nanoseconds: with less one begins before what caused it, with more one ends after what waited for it. */
  least: number;
  most: number;
  isApart: boolean;
}

/** By the span as it was sent, in nanoseconds. Of a trace as it was sent; without those that stay where they are. */
export function clockShifts(trace: Trace): Shifts {
  const limits = limitsOf(trace);
  const shifts: number[] = [];
  const out = new Map<WireSpan, number>();
  // Parents stand before their children: what is below moves along.
  for (const span of trace.spans) {
    const parent = trace.spans[span.parent];
    const above = shifts[span.parent] ?? 0;
    const own = parent === undefined ? undefined : limits.get(pairOf(parent, span));
    let shift = above;
    if (own?.isApart === true) shift += middleOf(own);
    // Its clock may be right where that of its caller is not: it fits better as it was sent.
    else if (
      parent !== undefined &&
      own !== undefined &&
      outside(parent, span, above, 0) < outside(parent, span, 0, 0)
    ) {
      shift = 0;
    }
    shifts.push(shift);
    if (shift !== 0) out.set(span.wire, shift);
  }
  return out;
}

const pairOf = (parent: Span, span: Span): string => `${placeOf(parent)}\u0000${placeOf(span)}`;

function limitsOf(trace: Trace): Map<string, Limits> {
  const out = new Map<string, Limits>();
  for (const span of trace.spans) {
    const parent = trace.spans[span.parent];
    // One clock does not differ from itself: what lies outside there has another cause.
    if (parent === undefined || placeOf(parent) === placeOf(span)) continue;
    const known = out.get(pairOf(parent, span)) ?? { least: -Infinity, most: Infinity, isApart: false };
    known.least = Math.max(known.least, parent.start - span.start);
    if (isAwaited(parent, span)) known.most = Math.min(known.most, parent.end - span.end);
    known.isApart ||= clocksApart(parent, span);
    out.set(pairOf(parent, span), known);
  }
  return out;
}

/** How much of a span lies before or after its parent, when both are moved. */
function outside(parent: Span, span: Span, parentBy: number, by: number): number {
  const early = parent.start + parentBy - (span.start + by);
  const late = span.end + by - (parent.end + parentBy);
  return Math.max(0, early) + Math.max(0, late);
}

/** Where both limits cannot be kept, or only one is known, nothing begins before its cause. */
function middleOf({ least, most }: Limits): number {
  return Number.isFinite(most) && most > least ? Math.round((least + most) / 2) : least;
}
