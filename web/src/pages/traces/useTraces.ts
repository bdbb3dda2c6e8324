// What the server says to the search of the page, and what can be chosen in its filters.
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { searchTraces, type WireTraces } from '@/api/traces';
import { useKept } from '@/components/common/useKept';
import { useTop, type Top } from '@/components/services/useTop';
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
  const { error } = found;
  const data = useKept(found.data, error !== null);
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
    isStale: found.isPlaceholderData || (error !== null && data !== undefined),
    hasMore: found.hasNextPage,
    isMoreComing: found.isFetchingNextPage,
    more: () => void found.fetchNextPage(),
    refetch: () => void found.refetch(),
  };
}

export function useServices(): Top {
  return useTop('span', 'service', '', true);
}

export function useOperations(service: string | null): string[] {
  const q = composeQuery({ q: '', service, operation: null, errors: false, own: false });
  return useTop('span', 'name', q, true).values;
}
