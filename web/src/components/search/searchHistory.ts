// Searches that were run in this browser, a list for each kind of event.
import type { EventKind } from '@/api/events';
import { recall, remember } from '@/lib/storage';
import { addPast, isHistory, type Past } from '@/model/history';

const keyOf = (kind: EventKind): string => `history.${kind}`;

export function loadSearches(kind: EventKind): Past[] {
  return recall(keyOf(kind), isHistory, []);
}

export function recordSearch(kind: EventKind, query: string, at: number): void {
  remember(keyOf(kind), addPast(loadSearches(kind), query, at));
}

export function clearSearches(kind: EventKind): void {
  remember(keyOf(kind), []);
}
