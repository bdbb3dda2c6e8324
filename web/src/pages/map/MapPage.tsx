import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { Segments } from '@/components/common/Segments';
import { GraphView, type Choice } from '@/components/map/GraphView';
import { useGraph } from '@/components/map/useGraph';
import { ListPlace } from '@/components/place/ListPlace';
import { NoSpans } from '@/components/place/NoSpans';
import { useService } from '@/components/shell/service';
import { formatCount } from '@/lib/format';
import { findInGraph, neighbourhood } from '@/model/map/graph';
import { MapCard } from './MapCard';
import { MapLegend } from './MapLegend';
import { MapList } from './MapList';
import { decodeMap, encodeMap, type MapState } from './url';
import classes from './MapPage.module.css';

export function MapPage() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeMap(search as Record<string, string>), [search]);
  const { graph: all, error, isLoading, isStale, refetch } = useGraph();
  const [chosen, setChosen] = useState<Choice | null>(null);
  const { service, setService } = useService();
  const change = (part: Partial<MapState>): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({ ...previous, ...encodeMap({ ...state, ...part }) }),
      replace: part.find !== undefined,
    });
  };
  const middle = state.focus ?? service;
  const graph = useMemo(() => (middle === null ? all : neighbourhood(all, middle)), [all, middle]);
  const found = useMemo(() => findInGraph(graph, state.find), [graph, state.find]);

  const focus = (name: string | null): void => {
    // Only a service can travel to other places.
    const isService = name === null || graph.nodes.some((node) => node.name === name && node.kind === 'service');
    if (isService) setService(name);
    else change({ focus: name });
  };

  if (isLoading) return <Loading what="the map" />;
  if (error !== null && all.edges.length === 0) {
    return <Failure title="The map could not be drawn" error={error} onRetry={refetch} />;
  }
  const count = (
    <>
      <b>{formatCount(graph.nodes.length)}</b> nodes, <b>{formatCount(graph.edges.length)}</b> calls
    </>
  );
  return (
    <ListPlace
      title="Service map"
      find={state.find}
      onFind={(text) => change({ find: text })}
      count={count}
      isStale={isStale}
      content={
        all.edges.length === 0 ? (
          <NoSpans of="calls" title="No calls in this time range">
            The map is drawn from spans: a call has a half on either side, and its context must travel along. These
            lines in the environment of services with an OpenTelemetry SDK do both.
          </NoSpans>
        ) : graph.edges.length === 0 ? (
          <Empty title={`${middle ?? 'It'} calls nobody, and nobody calls it`}>
            <button type="button" className={classes.link} onClick={() => focus(null)}>
              Show the whole map
            </button>
          </Empty>
        ) : state.view === 'list' ? (
          <MapList graph={graph} found={found} />
        ) : (
          <>
            <GraphView graph={graph} chosen={chosen} onChoose={setChosen} found={found} />
            <MapLegend />
            {chosen !== null && (
              <MapCard
                graph={graph}
                choice={chosen}
                isAlone={'node' in chosen && chosen.node === middle}
                onFocus={focus}
                onClose={() => setChosen(null)}
              />
            )}
          </>
        )
      }
    >
      {state.focus !== null && (
        <Button rightSection={<IconX size={13} />} onClick={() => focus(null)}>
          Around {state.focus}
        </Button>
      )}
      <Segments
        label="How to show it"
        value={state.view}
        choices={[
          { value: 'map', title: 'Map' },
          { value: 'list', title: 'List' },
        ]}
        onChange={(view) => change({ view })}
      />
    </ListPlace>
  );
}
