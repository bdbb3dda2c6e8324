// J and K, or the arrows, go from row to row of a virtual list: the row's link has the focus, so Enter opens it.
import type { Virtualizer } from '@tanstack/react-virtual';
import { useRef, type RefObject } from 'react';
import { useShortcuts } from '@/components/shell/keys';

/** Frames until a row that was far away is drawn. */
const FRAMES_MAX = 5;

interface Rows {
  scroll: RefObject<HTMLElement | null>;
  /** Its rows have their place in `data-row`. */
  list: Virtualizer<HTMLDivElement, Element>;
  count: number;
  /** What a row is: `trace`. */
  what: string;
  group: string;
}

/** The place of the row that has the focus, or had it last; -1 before that. */
export function useRowKeys({ scroll, list, count, what, group }: Rows): () => number {
  const last = useRef(-1);
  const place = (): number => {
    const row = document.activeElement?.closest('[data-row]');
    if (row != null && scroll.current?.contains(row) === true) last.current = Number(row.getAttribute('data-row'));
    return last.current;
  };
  const step = (by: 1 | -1): void => {
    if (count === 0) return;
    const next = Math.min(count - 1, Math.max(0, place() + by));
    last.current = next;
    list.scrollToIndex(next);
    focusRow(scroll, next, FRAMES_MAX);
  };
  const key = (keys: string, title: string, by: 1 | -1) => ({ keys, title, group, run: () => step(by) });
  useShortcuts([
    key('j', `Next ${what}`, 1),
    key('k', `The ${what} before`, -1),
    key('arrowdown', `Next ${what}`, 1),
    key('arrowup', `The ${what} before`, -1),
  ]);
  return place;
}

function focusRow(scroll: RefObject<HTMLElement | null>, place: number, frames: number): void {
  const link = scroll.current?.querySelector<HTMLElement>(`[data-row="${place}"] a`);
  if (link != null) link.focus();
  else if (frames > 0) requestAnimationFrame(() => focusRow(scroll, place, frames - 1));
}
