import { useIsFetching } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { millis } from '@/lib/brand';
import { parseDuration } from '@/lib/duration';
import { isBoolean, recall, remember } from '@/lib/storage';
import { DEFAULT_RANGE, resolveRange, type TimeRange } from '@/model/timeRange';
import { decodeShell, type ShellSearch } from './shellUrl';
import { TimeContext, type TimeControl } from './time';

export function TimeProvider({ children }: { children: ReactNode }) {
  const search = useSearch({ strict: false });
  const { from, to, refresh: every } = decodeShell(search);
  const navigate = useNavigate();
  const [ticks, setTicks] = useState(0);
  const [utc, setUtcState] = useState(() => recall('utc', isBoolean, false));

  const refresh = useCallback(() => setTicks((count) => count + 1), []);
  useAutoRefresh(every, refresh);

  const change = useCallback(
    (next: ShellSearch) => {
      void navigate({ to: '.', search: (previous: object) => ({ ...previous, ...next }) });
    },
    [navigate],
  );

  const control = useMemo<TimeControl>(() => {
    const asked: TimeRange = { from: from ?? DEFAULT_RANGE.from, to: to ?? DEFAULT_RANGE.to };
    const now = millis(Date.now());
    const resolved = resolveRange(asked, now);
    const range = resolved === null ? DEFAULT_RANGE : asked;
    return {
      range,
      resolved: resolved ?? resolveRange(range, now) ?? { from: millis(0), to: now },
      now,
      every,
      utc,
      isInvalid: resolved === null,
      setRange: (next) => change({ from: next.from, to: next.to }),
      setEvery: (next) => change({ refresh: next ?? '' }),
      setUtc: (next) => {
        remember('utc', next);
        setUtcState(next);
      },
      refresh,
    };
    // `ticks` moves `now`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [from, to, every, utc, change, refresh, ticks]);

  return <TimeContext value={control}>{children}</TimeContext>;
}

/** Waits for what still loads: a slow query is never overtaken by its own repetition. */
function useAutoRefresh(every: string | undefined, refresh: () => void): void {
  const fetching = useIsFetching();
  const busy = useRef(false);
  useEffect(() => {
    busy.current = fetching > 0;
  }, [fetching]);
  useEffect(() => {
    const period = every === undefined ? null : parseDuration(every);
    if (period === null) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && !busy.current) refresh();
    }, period);
    return () => clearInterval(timer);
  }, [every, refresh]);
}
