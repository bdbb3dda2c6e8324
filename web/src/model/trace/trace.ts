// A trace as the screen works with it: spans in the order of a walk through the tree, so that a span's descendants are
// the indexes right after it. Times are nanoseconds after the trace's start. Nothing is corrected unasked: what does not
// fit together is kept as it was sent and named in `faults`.
import type { WireSpan } from '@/api/events';
import type { WireTrace } from '@/api/traces';
import { nanos, type Nanos } from '@/lib/brand';
import type { Shifts } from './alignClocks';
import { between, parseInstant, plus, type Instant } from './instant';
import { orderTree } from './tree';
import { workOf, type Work } from './work';

export interface Span {
  /** Place in `Trace.spans`. */
  index: number;
  id: string;
  /** Unique in the trace: the id, with a number behind it where another span has the same. */
  key: string;
  service: string;
  name: string;
  start: Nanos;
  end: Nanos;
  duration: Nanos;
  /** By how much it stands later than it was sent, in nanoseconds: 0 unless clocks are aligned. */
  shift: number;
  /** Index of the parent; -1 at the top. */
  parent: number;
  /** In the order of their start. */
  children: number[];
  depth: number;
  /** Index of the last descendant; its own without any. */
  last: number;
  isError: boolean;
  work: Work;
  wire: WireSpan;
}

export interface TraceService {
  name: string;
  spans: number;
  errors: number;
}

/** What about the trace itself is not as it should be. Indexes of spans. */
export interface Faults {
  /** Their parent was not sent. */
  orphans: number[];
  /** Their id was seen before. */
  duplicates: number[];
  /** They were each other's parents; the first of a ring stands at the top. */
  rings: number[];
  /** Their start could not be read: they stand at the start of the trace. */
  timeless: number[];
  isTruncated: boolean;
  warnings: string[];
}

export interface Trace {
  id: string;
  start: Instant;
  duration: Nanos;
  spans: Span[];
  roots: number[];
  /** The one that the trace is named by: without a parent, the earliest; undefined when that was not sent. */
  root: Span | undefined;
  /** In the order in which they first appear. */
  services: TraceService[];
  errors: number;
  /** How many levels there are. */
  depth: number;
  faults: Faults;
}

const EPOCH: Instant = { seconds: 0, nanos: 0 };

const AS_SENT: Shifts = new Map();

export function buildTrace(wire: WireTrace, shifts = AS_SENT): Trace {
  const starts = wire.spans.map((span) => parseInstant(span.time));
  const sent = earliest(starts) ?? parseInstant(wire.start) ?? EPOCH;
  const moved = starts.map((at, from) => between(sent, at ?? sent) + (shifts.get(wire.spans[from] as WireSpan) ?? 0));
  const first = shifts.size === 0 ? 0 : moved.reduce((least, one) => Math.min(least, one), Infinity);
  const start = first === 0 ? sent : plus(sent, first);
  const offsets = moved.map((one) => one - first);
  const tree = orderTree(wire.spans, offsets);

  const place = new Map<number, number>();
  tree.order.forEach((from, to) => place.set(from, to));
  const placed = (from: number): number => place.get(from) ?? -1;
  const spans = tree.order.map((from, index) => {
    const parent = tree.parents[from] ?? -1;
    const own = wire.spans[from] as WireSpan;
    const span = makeSpan(own, index, offsets[from] ?? 0, parent < 0 ? -1 : placed(parent));
    span.shift = shifts.get(own) ?? 0;
    return span;
  });
  linkUp(spans);
  nameApart(spans);

  const roots = spans.filter((span) => span.parent < 0).map((span) => span.index);
  const end = spans.reduce((most, span) => Math.max(most, span.end), 0);
  return {
    id: wire.trace_id,
    start,
    duration: nanos(end),
    spans,
    roots,
    root: findRoot(spans, roots),
    services: countServices(spans),
    errors: spans.reduce((sum, span) => sum + (span.isError ? 1 : 0), 0),
    depth: spans.reduce((most, span) => Math.max(most, span.depth + 1), 0),
    faults: {
      orphans: tree.orphans.map(placed).sort((a, b) => a - b),
      duplicates: tree.duplicates.map(placed).sort((a, b) => a - b),
      rings: tree.rings.map(placed).sort((a, b) => a - b),
      timeless: starts.flatMap((at, from) => (at === null ? [placed(from)] : [])),
      isTruncated: wire.truncated === true,
      warnings: wire.warnings ?? [],
    },
  };
}

function makeSpan(wire: WireSpan, index: number, start: number, parent: number): Span {
  const duration = Math.max(0, wire.duration_ns);
  return {
    index,
    id: wire.span_id,
    key: wire.span_id,
    service: wire.service === undefined || wire.service === '' ? 'unknown' : wire.service,
    name: wire.name,
    start: nanos(start),
    end: nanos(start + duration),
    duration: nanos(duration),
    shift: 0,
    parent,
    children: [],
    depth: 0,
    last: index,
    isError: wire.status === 'error',
    work: workOf(wire),
    wire,
  };
}

/** Parents stand before their children: forwards for the depth, backwards for the last descendant. */
function linkUp(spans: Span[]): void {
  for (const span of spans) {
    const parent = spans[span.parent];
    if (parent === undefined) continue;
    parent.children.push(span.index);
    span.depth = parent.depth + 1;
  }
  for (let index = spans.length - 1; index >= 0; index--) {
    const span = spans[index] as Span;
    const parent = spans[span.parent];
    if (parent !== undefined) parent.last = Math.max(parent.last, span.last);
  }
}

function nameApart(spans: readonly Span[]): void {
  const seen = new Map<string, number>();
  for (const span of spans) {
    const times = (seen.get(span.id) ?? 0) + 1;
    seen.set(span.id, times);
    if (times > 1) span.key = `${span.id}~${times}`;
  }
}

function findRoot(spans: readonly Span[], roots: readonly number[]): Span | undefined {
  const named = roots.map((index) => spans[index] as Span).filter((span) => !hasParentId(span.wire));
  return named.reduce<Span | undefined>(
    (best, span) => (best === undefined || span.start < best.start ? span : best),
    undefined,
  );
}

export function hasParentId(wire: WireSpan): boolean {
  const id = wire.parent_span_id;
  return id != null && !/^0*$/.test(id);
}

function countServices(spans: readonly Span[]): TraceService[] {
  const services = new Map<string, TraceService>();
  for (const span of spans) {
    const known = services.get(span.service) ?? { name: span.service, spans: 0, errors: 0 };
    known.spans += 1;
    if (span.isError) known.errors += 1;
    services.set(span.service, known);
  }
  return [...services.values()];
}

function earliest(all: readonly (Instant | null)[]): Instant | null {
  return all.reduce((best, at) => {
    if (at === null) return best;
    return best === null || between(best, at) < 0 ? at : best;
  }, null);
}

/** `checkout: POST /cart` */
export function titleOf(span: Pick<Span, 'service' | 'name'>): string {
  return `${span.service}: ${span.name}`;
}

/** A span and all below it. */
export function subtree(trace: Trace, index: number): Span[] {
  return trace.spans.slice(index, (trace.spans[index]?.last ?? index) + 1);
}
