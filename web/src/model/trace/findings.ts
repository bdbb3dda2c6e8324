// What a reader would find in a trace after a while, found at once. Pure; each kind has a file of its own.
import { findErrors } from './findings/errors';
import type { Finding, Severity } from './findings/finding';
import { findGaps } from './findings/gaps';
import { findRepeated } from './findings/repeated';
import { findSequential } from './findings/sequential';
import { findSkew } from './findings/skew';
import { findStructure } from './findings/structure';
import { findTime } from './findings/time';
import type { Trace } from './trace';

export type { Finding, FindingKind, FindingShare, Severity } from './findings/finding';

/** A list that is longer is not read. The costliest of each kind stay. */
export const PER_KIND_MAX = 5;

const RANK: Record<Severity, number> = { bad: 0, warn: 1, note: 2 };

/** The gravest first; within that the costliest. `skew` is that of the trace as it was sent, when this one is aligned. */
export function findAll(trace: Trace, selfs: Float64Array, skew: Finding[] = findSkew(trace)): Finding[] {
  const kinds = [
    findErrors(trace),
    findRepeated(trace),
    findSequential(trace),
    findGaps(trace),
    findTime(trace, selfs),
    skew,
    findStructure(trace),
  ];
  return kinds.flatMap((found) => [...found].sort(order).slice(0, PER_KIND_MAX)).sort(order);
}

function order(a: Finding, b: Finding): number {
  return RANK[a.severity] - RANK[b.severity] || b.cost - a.cost;
}
