import { Button, TextInput } from '@mantine/core';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { Segments } from '@/components/common/Segments';
import { GraphView, type Choice } from '@/components/map/GraphView';
import { useGraph } from '@/components/map/useGraph';
import { useShortcuts } from '@/components/shell/keys';
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
  const find = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', title: 'Find a service', group: 'Map', run: () => find.current?.focus() }]);
  const change = (part: Partial<MapState>): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({ ...previous, ...encodeMap({ ...state, ...part }) }),
      replace: part.find !== undefined,
    });
  };
  const graph = useMemo(() => (state.focus === null ? all : neighbourhood(all, state.focus)), [all, state.focus]);
  const found = useMemo(() => findInGraph(graph, state.find), [graph, state.find]);

  if (isLoading && all.edges.length === 0) return <Loading what="the map" />;
  if (error !== null && all.edges.length === 0) {
    return <Failure title="The map could not be drawn" error={error} onRetry={refetch} />;
  }
  return (
    <div className={classes.page}>
      <div className={classes.bar}>
        <TextInput
          ref={find}
          aria-label="Find a service"
          placeholder="Find a service"
          leftSection={<IconSearch size={13} />}
          value={state.find}
          onChange={(event) => change({ find: event.currentTarget.value })}
          w={240}
        />
        {state.focus !== null && (
          <Button rightSection={<IconX size={13} />} onClick={() => change({ focus: null })}>
            Around {state.focus}
          </Button>
        )}
        <span className={`${classes.count} num`}>
          <b>{formatCount(graph.nodes.length)}</b> nodes, <b>{formatCount(graph.edges.length)}</b> calls
        </span>
        <span className={classes.spring} />
        <Segments
          label="How to show it"
          value={state.view}
          choices={[
            { value: 'map', title: 'Map' },
            { value: 'list', title: 'List' },
          ]}
          onChange={(view) => change({ view })}
        />
      </div>
      <section className={classes.panel} aria-label="Service map" data-stale={isStale || undefined}>
        {all.edges.length === 0 ? (
          <Nothing />
        ) : graph.edges.length === 0 ? (
          <Empty title={`${state.focus ?? 'It'} calls nobody, and nobody calls it`}>
            <button type="button" className={classes.link} onClick={() => change({ focus: null })}>
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
                onFocus={(name) => change({ focus: name })}
                onClose={() => setChosen(null)}
              />
            )}
          </>
        )}
      </section>
    </div>
  );
}

function Nothing() {
  const host = location.hostname.includes(':') ? `[${location.hostname}]` : location.hostname;
  const lines = `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
OTEL_PROPAGATORS=tracecontext,baggage`;
  return (
    <Empty title="No calls in this time range" lines={lines}>
      The map is drawn from spans: a call has a half on either side, and its context must travel along. These lines in
      the environment of services with an OpenTelemetry SDK do both.
    </Empty>
  );
}
