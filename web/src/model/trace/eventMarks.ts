// Where a span's events stand on its bar. Those that would lie on each other are one mark: a span may have thousands.
import { between, parseInstant, type Instant } from './instant';
import { share } from './scale';
import type { Span } from './trace';

export interface EventMark {
  /** 0–1 of what is shown. */
  place: number;
  /** Of the first, or of the exception among them. */
  name: string;
  count: number;
  isBad: boolean;
}

/** A bar of 1,000 pixels can tell so many apart. */
const PLACES = 250;

export function marksOf(span: Span, start: Instant, from: number, to: number): EventMark[] {
  const marks = new Map<number, EventMark>();
  for (const event of span.wire.events ?? []) {
    const at = parseInstant(event.time);
    const exact = at === null ? -1 : share(between(start, at) + span.shift, from, to);
    if (exact < 0 || exact > 1) continue;
    const slot = Math.round(exact * PLACES);
    const isBad = event.name === 'exception';
    const mark = marks.get(slot);
    if (mark === undefined) marks.set(slot, { place: exact, name: event.name, count: 1, isBad });
    else {
      mark.count += 1;
      if (isBad && !mark.isBad) Object.assign(mark, { name: event.name, isBad });
    }
  }
  return [...marks.values()];
}
