import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { queryRange } from '@/api/query';
import { targets, type WireTargets } from '@/api/targets';
import { useTime } from '@/components/shell/time';
import { millis } from '@/lib/brand';
import { parseDuration } from '@/lib/duration';
import { CELLS, healthStrips, type Cell } from '@/model/healthStrip';
import { align, niceStep } from '@/model/step';

/** Targets change without anybody's doing: the page follows them. */
const POLL_MS = 5000;

export interface TargetData {
  data: WireTargets | undefined;
  error: Error | null;
  isLoading: boolean;
  refetch: () => void;
}

export function useTargets(): TargetData {
  const { every } = useTime();
  const query = useQuery({
    queryKey: ['targets'],
    queryFn: ({ signal }) => targets(signal),
    refetchInterval: every === undefined ? POLL_MS : (parseDuration(every) ?? POLL_MS),
    placeholderData: keepPreviousData,
  });
  return { data: query.data, error: query.error, isLoading: query.isLoading, refetch: () => void query.refetch() };
}

export function useHealthStrips(): Map<string, Cell[]> {
  const { resolved } = useTime();
  const grid = useMemo(() => align(resolved, niceStep(millis(resolved.to - resolved.from), CELLS)), [resolved]);
  const query = useQuery({
    queryKey: ['strips', grid.start, grid.end, grid.step],
    queryFn: ({ signal }) => queryRange({ query: `avg_over_time(up[${grid.step}s])`, ...grid }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const answer = query.data?.data;
  return useMemo(() => (answer === undefined ? new Map<string, Cell[]>() : healthStrips(answer, grid)), [answer, grid]);
}
