// What is wrong with the trace itself: spans that were not sent, ids that come twice.
import type { Trace } from '../trace';
import { plural, spanAt, type Finding } from './finding';

export function findStructure(trace: Trace): Finding[] {
  return [...truncated(trace), ...missing(trace), ...duplicates(trace)];
}

function truncated(trace: Trace): Finding[] {
  const { isTruncated, warnings } = trace.faults;
  const out: Finding[] = warnings.map((warning, index) => ({
    id: `warning ${index}`,
    kind: 'truncated',
    severity: 'warn',
    title: warning,
    spans: [],
    cost: 0,
  }));
  if (isTruncated) {
    out.unshift({
      id: 'truncated',
      kind: 'truncated',
      severity: 'warn',
      title: `The trace is larger than one answer: ${plural(trace.spans.length, 'span')} of it are here`,
      detail: 'What is said below is about these.',
      spans: [],
      cost: 0,
    });
  }
  return out;
}

function missing(trace: Trace): Finding[] {
  const { orphans, rings, timeless } = trace.faults;
  const out: Finding[] = [];
  if (orphans.length > 0) {
    const parents = new Set(orphans.map((index) => spanAt(trace, index).wire.parent_span_id)).size;
    const root = trace.root === undefined ? '; there is no root among what came' : '';
    out.push({
      id: 'missing parents',
      kind: 'missing',
      severity: 'warn',
      title: `${plural(orphans.length, 'span')} ${orphans.length === 1 ? 'names' : 'name'} ${plural(parents, 'parent')} that did not come${root}`,
      detail: 'Sampled away, still on the way, refused, or lost by a service that ended before it sent them.',
      spans: orphans,
      cost: 0,
    });
  }
  const known = new Set([...orphans, ...rings]);
  const tops = trace.roots.filter((index) => !known.has(index));
  if (tops.length > 1) {
    out.push({
      id: 'missing single root',
      kind: 'missing',
      severity: 'note',
      title: `${plural(tops.length, 'span')} have no parent: a trace has one root`,
      spans: tops,
      cost: 0,
    });
  }
  if (rings.length > 0) {
    out.push({
      id: 'missing ring',
      kind: 'missing',
      severity: 'warn',
      title: `${plural(rings.length, 'ring')} of spans that are each other’s parents, opened at the earliest`,
      spans: rings,
      cost: 0,
    });
  }
  if (timeless.length > 0) {
    out.push({
      id: 'missing time',
      kind: 'missing',
      severity: 'warn',
      title: `${plural(timeless.length, 'span')} without a readable start, placed at the start of the trace`,
      spans: timeless,
      cost: 0,
    });
  }
  return out;
}

function duplicates(trace: Trace): Finding[] {
  const { duplicates: found } = trace.faults;
  if (found.length === 0) return [];
  const ids = new Set(found.map((index) => spanAt(trace, index).id)).size;
  return [
    {
      id: 'duplicate ids',
      kind: 'duplicate',
      severity: 'warn',
      title: `${plural(found.length, 'span')} ${found.length === 1 ? 'repeats' : 'repeat'} ${plural(ids, 'id')} of another: all are shown`,
      detail:
        'Sent twice, or made by a generator that repeats itself. What names such an id as its parent stands below the first.',
      spans: found,
      cost: 0,
    },
  ];
}
