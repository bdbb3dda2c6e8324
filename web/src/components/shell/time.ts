// The time range, the refresh and the zone, for whoever draws something over time.
import { createContext, useContext } from 'react';
import type { Millis } from '@/lib/brand';
import type { Resolved, TimeRange } from '@/model/timeRange';

export interface TimeControl {
  range: TimeRange;
  resolved: Resolved;
  /** The moment that `now` means: moves with each refresh. */
  now: Millis;
  /** `15s`; undefined when off. */
  every: string | undefined;
  utc: boolean;
  /** What the address says cannot be read; the default stands in. */
  isInvalid: boolean;
  setRange: (range: TimeRange) => void;
  setEvery: (every: string | undefined) => void;
  setUtc: (utc: boolean) => void;
  refresh: () => void;
}

export const TimeContext = createContext<TimeControl | null>(null);

export function useTime(): TimeControl {
  const time = useContext(TimeContext);
  if (time === null) throw new Error('useTime outside of the shell');
  return time;
}
