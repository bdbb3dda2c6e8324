// Traces that were opened from a file: they live as long as the page, no server knows them.
import type { WireTrace } from '@/api/traces';

/** Each may hold tens of megabytes; the last few are compared with each other. */
const OPENED_MAX = 8;

const opened = new Map<string, WireTrace>();

export function keepOpened(trace: WireTrace): void {
  opened.delete(trace.trace_id);
  opened.set(trace.trace_id, trace);
  for (const id of opened.keys()) {
    if (opened.size <= OPENED_MAX) break;
    opened.delete(id);
  }
}

export function openedTrace(id: string): WireTrace | undefined {
  return opened.get(id);
}
