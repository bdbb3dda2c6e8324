// Scrolls the rows to what is chosen or zoomed to. Folding alone moves nothing.
import { useEffect, useRef, type RefObject } from 'react';
import { rowOfSpan, scrollFor, windowOf, type Row } from '@/model/trace/rows';
import type { Trace } from '@/model/trace/trace';
import type { Zoom } from '../url';
import { ROW_PX } from './rowHeight';

interface Sight {
  trace: Trace;
  rows: readonly Row[];
  /** Pixels of rows that are seen; 0 until it is known. */
  height: number;
  chosen: number | null;
  zoom: Zoom | null;
}

export function useBringToSight(host: RefObject<HTMLElement | null>, sight: Sight): void {
  const { trace, chosen, zoom } = sight;
  const isSized = sight.height > 0;
  const latest = useRef(sight);
  useEffect(() => {
    latest.current = sight;
  });

  useEffect(() => {
    if (chosen === null || host.current === null || !isSized) return;
    scrollTo(host.current, rowOfSpan(latest.current.rows, chosen), latest.current.height);
  }, [host, chosen, isSized]);

  // A piece whose spans begin further down would else show nothing but arrows to the sides.
  useEffect(() => {
    if (zoom === null || host.current === null || !isSized) return;
    const { rows, height } = latest.current;
    const begins = (row: Row): boolean => {
      const start = trace.spans[row.span]?.start ?? 0;
      return start >= zoom.from && start < zoom.to;
    };
    const seen = windowOf(host.current.scrollTop, height, ROW_PX, rows.length, 0);
    if (!rows.slice(seen.from, seen.to).some(begins)) scrollTo(host.current, rows.findIndex(begins), height);
  }, [host, zoom, trace, isSized]);
}

function scrollTo(element: HTMLElement, row: number, height: number): void {
  if (row >= 0) element.scrollTop = scrollFor(row, ROW_PX, element.scrollTop, height);
}
