// The commonest values of a field of spans or log lines in the time range, for lists to choose from.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { topValues, type EventKind } from '@/api/events';
import { useTime } from '@/components/shell/time';

/** Enough for a list that is searched by typing. */
const CHOICES_MAX = 500;
/** Names change slowly: the lists are not asked for at each refresh. */
const KEEP_MS = 60_000;

export interface Top {
  /** By the alphabet. */
  values: string[];
  isKnown: boolean;
}

export function useTop(kind: EventKind, field: string, q: string, enabled: boolean): Top {
  const { resolved } = useTime();
  // To the minute, so that a moving `now` does not ask again at once.
  const [start, end] = [Math.floor(resolved.from / KEEP_MS) * 60, Math.ceil(resolved.to / KEEP_MS) * 60];
  const { data } = useQuery({
    queryKey: ['top', kind, field, q, start, end],
    queryFn: ({ signal }) => topValues({ kind, q, start, end }, { field, limit: CHOICES_MAX }, signal),
    placeholderData: keepPreviousData,
    staleTime: KEEP_MS,
    retry: false,
    enabled,
  });
  const values = useMemo(
    () => (data?.values ?? []).map((one) => String(one.value)).sort((a, b) => a.localeCompare(b)),
    [data],
  );
  return { values, isKnown: data !== undefined };
}
