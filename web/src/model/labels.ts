// Label sets: as text, as selectors, and what a list of them has in common.
import type { Labels } from '@/api/query';

export const NAME = '__name__';

const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function quote(value: string): string {
  return `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

export function labelName(name: string): string {
  return LEGACY_LABEL.test(name) ? name : quote(name);
}

/** A selector that finds exactly this name: `up`, or `{"my.metric"}` outside the legacy alphabet. */
export function metricSelector(name: string): string {
  return LEGACY_METRIC.test(name) ? name : `{${quote(name)}}`;
}

/** `name{a="1",b="2"}`: what PromQL prints, and what can be pasted into a query. */
export function printSeries(labels: Labels, without: ReadonlySet<string> = new Set()): string {
  const name = without.has(NAME) ? undefined : labels[NAME];
  const isLegacy = name !== undefined && LEGACY_METRIC.test(name);
  const pairs = Object.keys(labels)
    .filter((key) => key !== NAME && !without.has(key))
    .sort()
    .map((key) => `${labelName(key)}=${quote(labels[key] ?? '')}`);
  if (name !== undefined && !isLegacy) pairs.unshift(quote(name));
  if (isLegacy) return pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`;
  return `{${pairs.join(', ')}}`;
}

export interface Shape {
  /** Labels that every set has with the same value. */
  common: Labels;
  /** Names whose value differs or is missing somewhere, most telling first. */
  varying: string[];
}

/** What a list of label sets shares, so that a view says it once. One set alone shares nothing but its name. */
export function shapeOf(sets: readonly Labels[]): Shape {
  const first = sets[0];
  if (first === undefined) return { common: {}, varying: [] };
  const names = new Set<string>();
  for (const labels of sets) for (const key of Object.keys(labels)) names.add(key);
  const common: Labels = {};
  const varying: string[] = [];
  for (const key of names) {
    const value = first[key];
    const isShared = value !== undefined && sets.every((labels) => labels[key] === value);
    if (isShared && (sets.length > 1 || key === NAME)) common[key] = value;
    else varying.push(key);
  }
  return { common, varying: varying.sort(byTelling) };
}

/** The name first, where it runs next, then the alphabet. */
const FIRST = [NAME, 'job', 'service', 'instance', 'pod', 'device', 'mode', 'le'];

function byTelling(a: string, b: string): number {
  const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return rank(a) - rank(b) || a.localeCompare(b);
}

/** What a legend shows: only what tells this series from the others. Null when nothing does. */
export type NameSeries = (query: number, labels: Labels) => string | null;

/**
 * Names for the series of several queries. What all of them share is left out, and what all of one query share, for
 * there the letter of the query tells. The metric is said unless a single query is about one metric alone.
 */
export function nameSeries(queries: readonly (readonly Labels[])[]): NameSeries {
  const lists = queries.filter((sets) => sets.length > 0);
  const all = shapeOf(lists.flat());
  const shapes = queries.map((sets) => shapeOf(sets));
  return (query, labels) => {
    const own = shapes[query] ?? all;
    // A lone series is told by what the other queries do not share; alone in the chart, by all it has.
    const isLone = (queries[query]?.length ?? 0) <= 1;
    const varying = (isLone ? all : own).varying.filter((key) => key !== NAME && labels[key] !== undefined);
    const saysName = lists.length > 1 || isLone || own.varying.includes(NAME);
    const name = saysName ? (labels[NAME] ?? '') : '';
    const pairs = varying.map((key) => `${labelName(key)}=${quote(labels[key] ?? '')}`);
    if (pairs.length === 0) return labels[NAME] ?? null;
    return `${name}{${pairs.join(', ')}}`;
  };
}
