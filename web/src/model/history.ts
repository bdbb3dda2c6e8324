// Queries that were run in this browser, newest first.
import { recall, remember } from '@/lib/storage';

export interface Past {
  query: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** Long enough for a week of work, 100 × ~200 B in a store of 5 MB. */
export const HISTORY_MAX = 100;

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

export function loadHistory(): Past[] {
  return recall('history', isHistory, []);
}

export function record(queries: readonly string[], at: number): void {
  remember(
    'history',
    queries.reduceRight((past, query) => addPast(past, query, at), loadHistory()),
  );
}

export function clearHistory(): void {
  remember('history', []);
}
