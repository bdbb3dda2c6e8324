// Calls that wait for each other although nothing that is seen makes them.
import { isChange, shapeOfCall } from '../statement';
import { titleOf, type Span, type Trace } from '../trace';
import { TIMES_MIN } from './repeated';
import { duration, percent, plural, spanAt, type Finding } from './finding';

/** Saving less than this share of the trace, or than this, is not worth the trouble. */
const SHARE_MIN = 0.05;
const NANOS_MIN = 1e6;
/** More own work than this between two calls, as a share of both, and the second may need it. */
const GAP_SHARE_MAX = 0.25;

export function findSequential(trace: Trace): Finding[] {
  return trace.spans.flatMap((parent) =>
    runsOf(trace, parent)
      .map((run) => toFinding(trace, parent, run))
      .filter((finding) => finding.cost >= Math.max(NANOS_MIN, SHARE_MIN * trace.duration)),
  );
}

/** Rows of siblings that wait for nothing but the one before; at least two different questions in each. */
function runsOf(trace: Trace, parent: Span): Span[][] {
  if (parent.children.length < 2) return [];
  const children = parent.children.map((index) => spanAt(trace, index));
  const runs: Span[][] = [];
  let run: Span[] = [];
  const close = (): void => {
    const kept = withoutLoops(run);
    if (new Set(kept.map(shapeOfCall)).size > 1) runs.push(kept);
    run = [];
  };
  let reached = -Infinity;
  for (const child of children) {
    const previous = run.at(-1);
    const overlaps = child.start < reached;
    if (overlaps) run = run.filter((one) => one.end <= child.start);
    if (previous !== undefined && (overlaps || !follows(previous, child))) close();
    if (isCandidate(child) && !overlaps) run.push(child);
    else close();
    reached = Math.max(reached, child.end);
  }
  close();
  return runs;
}

/** The same question many times is a finding of its own, with another cure. */
function withoutLoops(run: readonly Span[]): Span[] {
  const times = new Map<string | null, number>();
  for (const span of run) times.set(shapeOfCall(span), (times.get(shapeOfCall(span)) ?? 0) + 1);
  return run.filter((span) => (times.get(shapeOfCall(span)) ?? 0) < TIMES_MIN);
}

/** A call to somebody that changes nothing, and went well. */
function isCandidate(span: Span): boolean {
  return span.work !== 'own' && !isChange(span) && !span.isError;
}

function follows(previous: Span, next: Span): boolean {
  return next.start - previous.end <= GAP_SHARE_MAX * (previous.duration + next.duration);
}

function toFinding(trace: Trace, parent: Span, run: readonly Span[]): Finding {
  const [first, last] = [run[0] as Span, run.at(-1) as Span];
  const took = run.reduce((sum, span) => sum + span.duration, 0);
  const slowest = run.reduce((most, span) => Math.max(most, span.duration), 0);
  const saved = took - slowest;
  return {
    id: `sequential ${first.index}`,
    kind: 'sequential',
    severity: saved > 0.2 * trace.duration ? 'bad' : 'warn',
    title: `${plural(run.length, 'call')} one after the other in ${titleOf(parent)}: side by side they could save ${duration(saved)} of ${duration(took)}, ${percent(saved, trace.duration)} of the trace`,
    detail: 'If none needs what another answered. None of them is known to change anything.',
    spans: run.map((span) => span.index),
    piece: { from: first.start, to: last.end },
    cost: saved,
  };
}
