// Who called whom in the time range.
import { useMemo } from 'react';
import { useInstants } from '@/components/services/useInstants';
import { useTime } from '@/components/shell/time';
import { readGraph, type Graph } from '@/model/map/graph';
import { graphQueries } from '@/model/map/queries';
import { windows } from '@/model/services/queries';

export interface FoundGraph {
  graph: Graph;
  error: Error | null;
  isLoading: boolean;
  isStale: boolean;
  refetch: () => void;
}

export function useGraph(): FoundGraph {
  const { resolved } = useTime();
  const { now } = windows(resolved.from, resolved.to);
  const found = useInstants({ ...graphQueries(now.seconds) }, resolved.to / 1000);
  const graph = useMemo(() => readGraph(found.answers), [found.answers]);
  return {
    graph,
    error: found.error,
    isLoading: found.isLoading,
    isStale: found.isStale,
    refetch: found.refetch,
  };
}
