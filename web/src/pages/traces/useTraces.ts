// What the server says to the search of the page, and what can be chosen in its filters.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { topValues } from '@/api/events';
import { searchTraces, type WireTraces } from '@/api/traces';
import { useTime } from '@/components/shell/time';
import { composeQuery, durationFault } from '@/model/trace/query';
import { readSummary, sortSummaries, type Summary } from '@/model/trace/summary';
import type { TracesState } from './url';

export interface FoundTraces {
  traces: Summary[];
  /** The last page. */
  answer: WireTraces | undefined;
  error: Error | null;
  isLoading: boolean;
  isFetching: boolean;
  /** What is shown is the answer to the question before. */
  isStale: boolean;
  hasMore: boolean;
  isMoreComing: boolean;
  more: () => void;
  refetch: () => void;
}

export function useTraces(state: TracesState): FoundTraces {
  const { resolved } = useTime();
  const query = {
    q: composeQuery(state),
    start: resolved.from / 1000,
    end: resolved.to / 1000,
    limit: state.limit,
    min_duration: state.min.trim() === '' ? undefined : state.min.trim(),
    max_duration: state.max.trim() === '' ? undefined : state.max.trim(),
    order: state.order,
  };
  const found = useInfiniteQuery({
    queryKey: ['traces', query],
    queryFn: ({ signal, pageParam }) => searchTraces({ ...query, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    enabled: durationFault(state) === null,
  });
  const { data, error } = found;
  const last = data?.pages.at(-1);
  const traces = useMemo(() => {
    // A trace that grew between two pages is on both: the later is right.
    const byId = new Map((data?.pages ?? []).flatMap((page) => page.traces.map((one) => [one.trace_id, one])));
    return sortSummaries([...byId.values()].map(readSummary), state.order);
  }, [data, state.order]);
  return {
    traces,
    answer: last,
    error,
    isLoading: found.isLoading,
    isFetching: found.isFetching,
    isStale: found.isPlaceholderData,
    hasMore: found.hasNextPage,
    isMoreComing: found.isFetchingNextPage,
    more: () => void found.fetchNextPage(),
    refetch: () => void found.refetch(),
  };
}

/** Enough for a list that is searched by typing. */
const CHOICES_MAX = 500;
/** Names change slowly: the lists are not asked for at each refresh. */
const KEEP_MS = 60_000;

function useTop(field: string, q: string, enabled: boolean): { values: string[]; isKnown: boolean } {
  const { resolved } = useTime();
  // To the minute, so that a moving `now` does not ask again at once.
  const [start, end] = [Math.floor(resolved.from / KEEP_MS) * 60, Math.ceil(resolved.to / KEEP_MS) * 60];
  const { data } = useQuery({
    queryKey: ['top', 'span', field, q, start, end],
    queryFn: ({ signal }) => topValues({ kind: 'span', q, start, end }, { field, limit: CHOICES_MAX }, signal),
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

export function useServices(): { values: string[]; isKnown: boolean } {
  return useTop('service', '', true);
}

export function useOperations(service: string | null): string[] {
  return useTop('name', composeQuery({ q: '', service, operation: null, errors: false, own: false }), true).values;
}
