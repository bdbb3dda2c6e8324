// What a finding is, and what all that look for them share.
import { formatCount, formatSeconds } from '@/lib/format';
import type { Span, Trace } from '../trace';

export type FindingKind =
  'repeated' | 'sequential' | 'time' | 'error' | 'gap' | 'skew' | 'missing' | 'duplicate' | 'truncated';

/** `bad`: something failed or is plainly wasteful; `warn`: worth a look; `note`: how the trace is. */
export type Severity = 'bad' | 'warn' | 'note';

export interface FindingShare {
  label: string;
  /** Nanoseconds. */
  value: number;
  /** 0 to 1. */
  share: number;
}

export interface Finding {
  /** Unique in the trace, the same whenever it is computed. */
  id: string;
  kind: FindingKind;
  severity: Severity;
  /** One line, with the numbers. */
  title: string;
  /** What stands behind it, or what to do. */
  detail?: string;
  /** A statement, an address: shown as code. */
  code?: string;
  shares?: FindingShare[];
  /** Indexes of the spans it is about, in order. */
  spans: number[];
  /** The one of them to look at first; the first in order when it is not said. */
  focus?: number;
  /** A piece of time it is about. */
  piece?: { from: number; to: number };
  /** Nanoseconds that are at stake: the larger, the earlier it is listed. */
  cost: number;
}

export const duration = (nanoseconds: number): string => formatSeconds(nanoseconds / 1e9);

export function percent(part: number, whole: number): string {
  const value = whole > 0 ? (part / whole) * 100 : 0;
  return value > 0 && value < 1 ? '<1\u00a0%' : `${Math.round(value)}\u00a0%`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function spanAt(trace: Trace, index: number): Span {
  const span = trace.spans[index];
  if (span === undefined) throw new Error(`no span ${index}`);
  return span;
}

/** How long at least one of them ran: those side by side count once. */
export function unionOf(spans: readonly Span[]): number {
  let [total, reached] = [0, -Infinity];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const from = Math.max(reached, span.start);
    if (span.end > from) total += span.end - from;
    reached = Math.max(reached, span.end);
  }
  return total;
}
