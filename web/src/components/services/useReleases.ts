// Which releases ran in the time range, from the spans themselves.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { groupEvents } from '@/api/events';
import { useTime } from '@/components/shell/time';
import { byService, readReleases, RELEASE_GROUPS, type Release } from '@/model/services/release';

/** Spans are many: they are not counted again at each refresh. */
const KEEP_MS = 30_000;

export interface Releases {
  byService: Map<string, Release[]>;
  isKnown: boolean;
}

/** `q` narrows the spans: to those of one service. */
export function useReleases(q: string): Releases {
  const { resolved } = useTime();
  const [start, end] = [Math.floor(resolved.from / KEEP_MS) * 30, Math.ceil(resolved.to / KEEP_MS) * 30];
  const { data } = useQuery({
    queryKey: ['releases', q, start, end],
    queryFn: ({ signal }) => groupEvents({ kind: 'span', q, start, end }, RELEASE_GROUPS, signal),
    placeholderData: keepPreviousData,
    staleTime: KEEP_MS,
    retry: false,
  });
  return useMemo(() => ({ byService: byService(readReleases(data)), isKnown: data !== undefined }), [data]);
}
