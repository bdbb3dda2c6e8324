// N+1: the same question asked again and again within one piece of work.
import { shapeOfCall } from '../statement';
import { titleOf, type Span, type Trace } from '../trace';
import { duration, percent, plural, spanAt, unionOf, type Finding } from './finding';

/** Three may be a page's three parts; five are a loop. */
export const TIMES_MIN = 5;
/** From so many on, or with so much of their parent's time, it is plainly wasteful. */
const TIMES_BAD = 20;
const SHARE_BAD = 0.3;

interface Loop {
  shape: string;
  anchors: Set<number>;
  calls: Span[];
}

export function findRepeated(trace: Trace): Finding[] {
  const namesakes = countNamesakes(trace);
  const byAnchor = new Map<string, { anchor: number; shape: string; calls: Span[] }>();
  for (const span of trace.spans) {
    const shape = shapeOfCall(span);
    if (shape === null || span.parent < 0) continue;
    const anchor = anchorOf(trace, span, namesakes);
    const key = `${anchor}\u0000${span.service}\u0000${shape}`;
    const known = byAnchor.get(key) ?? { anchor, shape, calls: [] };
    known.calls.push(span);
    byAnchor.set(key, known);
  }
  // The same loop in several runs of the same operation is one finding.
  const loops = new Map<string, Loop>();
  for (const { anchor, shape, calls } of byAnchor.values()) {
    if (calls.length < TIMES_MIN) continue;
    const parent = spanAt(trace, anchor);
    const key = `${parent.service}\u0000${parent.name}\u0000${calls[0]?.service}\u0000${shape}`;
    const loop = loops.get(key) ?? { shape, anchors: new Set<number>(), calls: [] };
    loop.anchors.add(anchor);
    loop.calls.push(...calls);
    loops.set(key, loop);
  }
  return [...loops].map(([key, loop]) => toFinding(trace, key, loop));
}

/** The parent, past wrappers that do nothing but make this one call. */
function anchorOf(trace: Trace, span: Span, namesakes: (parent: Span, name: string) => number): number {
  let anchor = span.parent;
  for (;;) {
    const wrapper = spanAt(trace, anchor);
    const above = trace.spans[wrapper.parent];
    const isWrapper = wrapper.children.length === 1 && wrapper.service === span.service;
    if (!isWrapper || above === undefined || namesakes(above, wrapper.name) < 2) return anchor;
    anchor = wrapper.parent;
  }
}

/** How many children of a parent have a name; each parent's are counted once. */
function countNamesakes(trace: Trace): (parent: Span, name: string) => number {
  const known = new Map<number, Map<string, number>>();
  return (parent, name) => {
    let counts = known.get(parent.index);
    if (counts === undefined) {
      counts = new Map();
      for (const index of parent.children) {
        const child = spanAt(trace, index).name;
        counts.set(child, (counts.get(child) ?? 0) + 1);
      }
      known.set(parent.index, counts);
    }
    return counts.get(name) ?? 0;
  };
}

function toFinding(trace: Trace, key: string, { shape, anchors, calls }: Loop): Finding {
  const parents = [...anchors].sort((a, b) => a - b).map((index) => spanAt(trace, index));
  const first = calls[0] as Span;
  const spent = unionOf(calls);
  const within = unionOf(parents);
  const isQuery = first.work === 'database';
  const runs = parents.length === 1 ? '' : ` (${plural(parents.length, 'run')})`;
  return {
    id: `repeated ${key}`,
    kind: 'repeated',
    severity: calls.length >= TIMES_BAD || spent > SHARE_BAD * within ? 'bad' : 'warn',
    title: `${plural(calls.length, isQuery ? 'query' : 'call', isQuery ? 'queries' : 'calls')} of one shape under ${titleOf(parents[0] as Span)}${runs}: ${duration(spent)}, ${percent(spent, within)} of it`,
    detail: isQuery
      ? 'One query for all of them, a join or a batch, asks the database once.'
      : 'One call for all of them, or a cache, asks once.',
    code: shape,
    spans: calls.map((span) => span.index).sort((a, b) => a - b),
    cost: spent,
  };
}
