// Traces for tests: a tree of spans, times in milliseconds after the start.
import type { WireSpan } from '@/api/events';
import type { WireTrace } from '@/api/traces';
import { plus, printInstant, type Instant } from './instant';
import { buildTrace, type Trace } from './trace';

export const START: Instant = { seconds: Date.UTC(2026, 10, 20, 12) / 1000, nanos: 0 };
const MS = 1e6;

export interface Node {
  span: WireSpan;
  children: Node[];
}

export function node(
  what: string,
  fromMs: number,
  toMs: number,
  more: Partial<WireSpan> = {},
  children: Node[] = [],
): Node {
  const [service = '', name = ''] = what.split(/: (.*)/);
  return {
    span: {
      id: '',
      kind: 'span',
      trace_id: 'trace',
      span_id: '',
      parent_span_id: null,
      time: printInstant(plus(START, fromMs * MS)),
      duration_ns: Math.round((toMs - fromMs) * MS),
      service,
      name,
      span_kind: 'internal',
      status: 'unset',
      ...more,
    },
    children,
  };
}

export const client = (more: Partial<WireSpan> = {}): Partial<WireSpan> => ({ span_kind: 'client', ...more });
export const server = (more: Partial<WireSpan> = {}): Partial<WireSpan> => ({ span_kind: 'server', ...more });
export const failed = (message = ''): Partial<WireSpan> => ({ status: 'error', status_message: message });

export function sql(text: string, more: Partial<WireSpan> = {}): Partial<WireSpan> {
  return { span_kind: 'client', attributes: { 'db.system': 'postgresql', 'db.statement': text }, ...more };
}

/** Ids that are not given are numbers in the order of the walk. */
export function wireTrace(roots: Node[], more: Partial<WireTrace> = {}): WireTrace {
  const spans: WireSpan[] = [];
  const visit = (one: Node, parent: string | null): void => {
    const id = one.span.span_id === '' ? (spans.length + 1).toString(16).padStart(16, '0') : one.span.span_id;
    spans.push({ ...one.span, id, span_id: id, parent_span_id: one.span.parent_span_id ?? parent });
    one.children.forEach((child) => visit(child, id));
  };
  roots.forEach((one) => visit(one, null));
  return { trace_id: 'trace', start: printInstant(START), duration_ns: 0, spans, ...more };
}

export function trace(roots: Node[], more: Partial<WireTrace> = {}): Trace {
  return buildTrace(wireTrace(roots, more));
}

/** Deterministic: 50,000 spans are the same 50,000 in every run. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A trace of so many spans, each under one of those before it. */
export function largeTrace(count: number, seed = 1): WireTrace {
  const random = randomSource(seed);
  const spans: WireSpan[] = [];
  const bounds: [number, number][] = [];
  for (let index = 0; index < count; index++) {
    const above = index === 0 ? -1 : Math.max(0, index - 1 - Math.floor(random() ** 3 * Math.min(index, 400)));
    const [from, to] = bounds[above] ?? [0, 10_000];
    const begin = from + (to - from) * random() * 0.7;
    const end = begin + (to - begin) * (0.2 + random() * 0.75);
    bounds.push(index === 0 ? [from, to] : [begin, end]);
    const [start, stop] = bounds[index] as [number, number];
    const one = node(`service-${Math.floor(random() * 14)}: operation-${Math.floor(random() * 60)}`, start, stop);
    const id = (n: number): string => (n + 1).toString(16).padStart(16, '0');
    spans.push({
      ...one.span,
      id: id(index),
      span_id: id(index),
      parent_span_id: above < 0 ? null : id(above),
      status: random() < 0.01 ? 'error' : 'unset',
    });
  }
  return { trace_id: 'large', start: printInstant(START), duration_ns: 10_000 * MS, spans };
}
