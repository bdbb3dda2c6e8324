// What was asked in this browser, newest first: a list for each language and kind.
import type { EventKind } from '@/api/events';
import { recall, remember } from '@/lib/storage';

export interface Past {
  query: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** PromQL, or searches for events of a kind. */
export type PastOf = 'promql' | EventKind;

/** Long enough for a week of work, 100 × ~200 B in a store of 5 MB. */
export const HISTORY_MAX = 100;

const keyOf = (of: PastOf): string => (of === 'promql' ? 'history' : `history.${of}`);

export function addPast(past: readonly Past[], query: string, at: number): Past[] {
  const trimmed = query.trim();
  if (trimmed === '') return [...past];
  return [{ query: trimmed, at }, ...past.filter((one) => one.query !== trimmed)].slice(0, HISTORY_MAX);
}

export function isHistory(value: unknown): value is Past[] {
  return (
    Array.isArray(value) &&
    value.every((one: unknown) => {
      const past = one as Partial<Past> | null;
      return typeof past?.query === 'string' && typeof past.at === 'number';
    })
  );
}

export function loadPast(of: PastOf): Past[] {
  return recall(keyOf(of), isHistory, []);
}

export function recordPast(of: PastOf, queries: readonly string[], at: number): void {
  remember(
    keyOf(of),
    queries.reduceRight((past, query) => addPast(past, query, at), loadPast(of)),
  );
}

export function forgetPast(of: PastOf): void {
  remember(keyOf(of), []);
}
