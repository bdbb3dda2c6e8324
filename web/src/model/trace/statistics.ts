// Spans in groups, with the numbers of each group.
import type { Trace, Span } from './trace';
import { WORKS } from './work';

export type GroupBy = 'service' | 'operation' | 'work';

export interface Group {
  key: string;
  service: string | null;
  title: string;
  spans: number[];
  errors: number;
  /** Nanoseconds. */
  total: number;
  self: number;
  average: number;
  p95: number;
  max: number;
}

export type GroupSort = 'title' | 'count' | 'errors' | 'total' | 'self' | 'average' | 'p95' | 'max';

export function groupSpans(trace: Trace, selfs: Float64Array, by: GroupBy): Group[] {
  const members = new Map<string, Span[]>();
  for (const span of trace.spans) {
    const key = keyOf(span, by);
    const known = members.get(key);
    if (known === undefined) members.set(key, [span]);
    else known.push(span);
  }
  return [...members].map(([key, spans]) => measure(key, spans, selfs, by));
}

function keyOf(span: Span, by: GroupBy): string {
  if (by === 'service') return span.service;
  return by === 'work' ? span.work : `${span.service}\u0000${span.name}`;
}

function measure(key: string, spans: Span[], selfs: Float64Array, by: GroupBy): Group {
  const first = spans[0] as Span;
  const durations = spans.map((span) => span.duration as number).sort((a, b) => a - b);
  const total = durations.reduce((sum, one) => sum + one, 0);
  return {
    key,
    service: by === 'work' ? null : first.service,
    title: by === 'work' ? WORKS[first.work] : by === 'service' ? first.service : first.name,
    spans: spans.map((span) => span.index),
    errors: spans.filter((span) => span.isError).length,
    total,
    self: spans.reduce((sum, span) => sum + (selfs[span.index] ?? 0), 0),
    average: total / durations.length,
    p95: quantile(durations, 0.95),
    max: durations.at(-1) ?? 0,
  };
}

/** Nearest rank of sorted values: a duration that a span really had. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

export function sortGroups(groups: readonly Group[], by: GroupSort, descending: boolean): Group[] {
  const sign = descending ? -1 : 1;
  return [...groups].sort((a, b) => {
    const order =
      by === 'title'
        ? (a.service ?? '').localeCompare(b.service ?? '') || a.title.localeCompare(b.title)
        : by === 'count'
          ? a.spans.length - b.spans.length
          : a[by] - b[by];
    return order * sign || a.title.localeCompare(b.title);
  });
}

export type SpanSort = 'service' | 'name' | 'start' | 'duration' | 'self' | 'status';

export function sortSpans(spans: readonly Span[], selfs: Float64Array, by: SpanSort, descending: boolean): Span[] {
  const sign = descending ? -1 : 1;
  const compare = (a: Span, b: Span): number => {
    switch (by) {
      case 'service':
        return a.service.localeCompare(b.service);
      case 'name':
        return a.name.localeCompare(b.name);
      case 'start':
        return a.start - b.start;
      case 'duration':
        return a.duration - b.duration;
      case 'self':
        return (selfs[a.index] ?? 0) - (selfs[b.index] ?? 0);
      case 'status':
        return Number(a.isError) - Number(b.isError);
    }
  };
  return [...spans].sort((a, b) => compare(a, b) * sign || a.start - b.start);
}
