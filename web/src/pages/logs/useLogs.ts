// What the server says to the search of the page: lines, their volume, their fields.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { eventFields, eventHistogram, searchEvents, topValues, type EventQuery, type SearchStats } from '@/api/events';
import { useKept } from '@/components/common/useKept';
import { useTime } from '@/components/shell/time';
import { readFields, type Field } from '@/model/logs/fields';
import { LIST_CLIP_BYTES, readLine, type Line } from '@/model/logs/line';
import { readVolume, type Volume } from '@/model/logs/volume';

/** Some screens. */
const PAGE_LINES = 200;
/** At 2 KB a line 40 MB: who scrolls further wants another search. */
export const LINES_MAX = 20_000;

export function useLogQuery(q: string): EventQuery<'log'> {
  const { resolved } = useTime();
  return useMemo(() => ({ kind: 'log', q, start: resolved.from / 1000, end: resolved.to / 1000 }), [q, resolved]);
}

export interface FoundLines {
  order: 'asc' | 'desc';
  lines: Line[];
  stats: SearchStats | undefined;
  error: Error | null;
  isLoading: boolean;
  isFetching: boolean;
  isFetchingMore: boolean;
  isStale: boolean;
  hasMore: boolean;
  isFull: boolean;
  more: () => void;
  refetch: () => void;
}

export function useLines(query: EventQuery<'log'>, order: 'asc' | 'desc', enabled: boolean): FoundLines {
  const found = useInfiniteQuery({
    queryKey: ['logs', query, order],
    queryFn: ({ pageParam, signal }) =>
      searchEvents(
        query,
        { limit: PAGE_LINES, order, clip: LIST_CLIP_BYTES, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    enabled,
  });
  const data = useKept(found.data, found.error !== null);
  const lines = useMemo(() => (data?.pages ?? []).flatMap((page) => page.events.map(readLine)), [data]);
  const isFull = lines.length >= LINES_MAX;
  return {
    order,
    lines,
    stats: data?.pages.at(-1)?.stats,
    error: found.error,
    isLoading: found.isLoading,
    isFetching: found.isFetching,
    isFetchingMore: found.isFetchingNextPage,
    isStale: found.isPlaceholderData || (found.error !== null && data !== undefined),
    hasMore: found.hasNextPage && !isFull,
    isFull,
    more: () => {
      if (found.hasNextPage && !found.isFetching && !isFull) void found.fetchNextPage();
    },
    refetch: () => void found.refetch(),
  };
}

/** Narrower bars than these cannot be pointed at. */
const BUCKETS = 120;

export function useVolume(query: EventQuery<'log'>, enabled: boolean): { volume: Volume | null; isLoading: boolean } {
  const found = useQuery({
    queryKey: ['logs-volume', query],
    queryFn: ({ signal }) => eventHistogram(query, { buckets: BUCKETS, by: 'severity' }, signal),
    placeholderData: keepPreviousData,
    retry: false,
    enabled,
  });
  const data = useKept(found.data, found.error !== null);
  return {
    volume: useMemo(() => (data === undefined ? null : readVolume(data)), [data]),
    isLoading: found.isLoading,
  };
}

export function useFields(query: EventQuery<'log'>, enabled: boolean): { fields: Field[]; isLoading: boolean } {
  const found = useQuery({
    queryKey: ['logs-fields', query],
    queryFn: ({ signal }) => eventFields(query, signal),
    placeholderData: keepPreviousData,
    retry: false,
    enabled,
  });
  const data = useKept(found.data, found.error !== null);
  return { fields: useMemo(() => readFields(data ?? []), [data]), isLoading: found.isLoading };
}

/** What a glance takes in. */
const VALUES = 8;

export function useTopValues(query: EventQuery<'log'>, field: string) {
  const found = useQuery({
    queryKey: ['logs-top', query, field],
    queryFn: ({ signal }) => topValues(query, { field, limit: VALUES }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const data = useKept(found.data, found.error !== null);
  return { data, error: found.error, isLoading: found.isLoading };
}

/** Whether there are any lines at all, whatever is searched for. */
export function useHasLines(enabled: boolean): boolean | null {
  const { resolved } = useTime();
  const { data } = useQuery({
    queryKey: ['logs-any', resolved],
    queryFn: ({ signal }) =>
      searchEvents({ kind: 'log', q: '', start: resolved.from / 1000, end: resolved.to / 1000 }, { limit: 1 }, signal),
    retry: false,
    enabled,
  });
  return data === undefined ? null : data.events.length > 0;
}
