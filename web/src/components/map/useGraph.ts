// Who called whom in the time range.
import { useMemo } from 'react';
import { useInstants } from '@/components/services/useInstants';
import { useTime } from '@/components/shell/time';
import { readGraph, type Graph, type Own } from '@/model/map/graph';
import { graphQueries } from '@/model/map/queries';
import { numbersBy, readReds } from '@/model/services/numbers';
import { errorQuery, quantileQuery, rateQuery, spansQuery, windows, type Asked } from '@/model/services/queries';

export interface FoundGraph {
  graph: Graph;
  error: Error | null;
  isLoading: boolean;
  isStale: boolean;
  refetch: () => void;
}

const EACH: Asked = { by: 'service_name', service: null };

export function useGraph(): FoundGraph {
  const { resolved } = useTime();
  const { now } = windows(resolved.from, resolved.to);
  const found = useInstants({ ...graphQueries(now.seconds) }, resolved.to / 1000);
  const own = useInstants(
    {
      spans: spansQuery(now),
      rate: rateQuery(EACH, now),
      errors: errorQuery(EACH, now),
      p95: quantileQuery(EACH, 0.95, now),
    },
    resolved.to / 1000,
  );
  const services = useMemo((): Own[] => {
    const reds = readReds({ ...own.answers, p50: undefined, p99: undefined, busy: undefined }, 'service_name');
    const names = [...numbersBy(own.answers.spans, 'service_name')].filter(([name, rate]) => name !== '' && rate > 0);
    return names.map(([name]) => {
      const red = reds.get(name);
      return { name, red: red === undefined || red.rate === 0 ? null : red };
    });
  }, [own.answers]);
  const graph = useMemo(() => readGraph(found.answers, services), [found.answers, services]);
  return {
    graph,
    error: found.error,
    // Nodes that come later than the others would move the whole picture.
    isLoading: found.isLoading || own.isLoading,
    isStale: found.isStale || own.isStale,
    refetch: found.refetch,
  };
}
