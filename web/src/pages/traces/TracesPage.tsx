import { Button } from '@mantine/core';
import { IconAlertTriangle, IconArrowsDiff, IconFileUpload, IconX } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { NoSpans } from '@/components/place/NoSpans';
import { Wider } from '@/components/place/Wider';
import { SearchBox } from '@/components/search/SearchBox';
import { readSearchFault } from '@/components/search/searchFault';
import { useShortcuts } from '@/components/shell/keys';
import { keepShell } from '@/components/shell/shellUrl';
import { useTime } from '@/components/shell/time';
import { rememberList } from '@/components/trace/lastList';
import { OpenTrace } from '@/components/trace/OpenTrace';
import { formatCount, formatSeconds } from '@/lib/format';
import { zoomIn } from '@/model/timeRange';
import { composeQuery, leavesOutOwn, OWN_SERVICE } from '@/model/trace/query';
import { plotRange } from '@/model/trace/summary';
import { FilterBar } from './FilterBar';
import { Scatter } from './Scatter';
import { TraceList } from './TraceList';
import { decodeTraces, encodeTraces, type TracesState } from './url';
import { useServices, useTraces, type FoundTraces } from './useTraces';
import classes from './Traces.module.css';

/** A word of these would be found nowhere else. */
const TRACE_ID = /^[0-9a-f]{32}$/i;

export function TracesPage() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeTraces(search as Record<string, string>), [search]);
  const [isOpening, setOpening] = useState(false);
  const [chosen, setChosen] = useState<string[]>([]);
  const found = useTraces(state);
  useEffect(() => rememberList(encodeTraces(state)), [state]);

  const change = (part: Partial<TracesState>): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({ ...previous, ...encodeTraces({ ...state, ...part }) }),
    });
  };
  const open = (id: string): void => {
    void navigate({ to: '/traces/$traceId', params: { traceId: id }, search: keepShell });
  };
  const compare = (): void => {
    const [first = '', second = ''] = chosen;
    void navigate({
      to: '/traces/$traceId',
      params: { traceId: first },
      search: (previous: object) => ({ ...keepShell(previous), view: 'compare', with: second }),
    });
  };
  const choose = (id: string): void => {
    // The third takes the place of the second.
    setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen.slice(0, 1), id]);
  };
  useShortcuts([
    { keys: 'o', title: 'Open a trace from a file', group: 'Traces', run: () => setOpening(true) },
    ...(chosen.length === 2 ? [{ keys: 'c', title: 'Compare the two chosen', group: 'Traces', run: compare }] : []),
    { keys: 'e', title: 'Only with errors', group: 'Traces', run: () => change({ errors: !state.errors }) },
    {
      keys: 's',
      title: 'Recent or slowest first',
      group: 'Traces',
      run: () => change({ order: state.order === 'recent' ? 'slowest' : 'recent' }),
    },
  ]);

  return (
    <div className={classes.page}>
      <div className={classes.top}>
        <SearchBox
          kind="span"
          value={state.q}
          onRun={(q) => {
            // What is pasted from a log line or an error.
            if (TRACE_ID.test(q)) open(q.toLowerCase());
            else if (q === state.q) found.refetch();
            else change({ q });
          }}
          asked={composeQuery(state)}
          error={found.error}
          isFetching={found.isFetching}
          label="Search traces"
          placeholder="All traces; a trace id; or: status:error http.route:/cart/* duration>500ms"
        />
        <Button leftSection={<IconFileUpload size={15} stroke={1.7} />} onClick={() => setOpening(true)}>
          Open a file
        </Button>
      </div>
      <FilterBar state={state} onChange={change} />
      <section className={classes.panel} aria-label="Traces" data-stale={found.isStale || undefined}>
        <Content state={state} found={found} chosen={chosen} onChange={change} onChoose={choose} onOpen={open} />
        {chosen.length > 0 && (
          <div className={classes.compare} role="status">
            {chosen.length === 1 ? 'One trace chosen: choose another to compare' : 'Two traces chosen'}
            <Button
              variant="filled"
              disabled={chosen.length < 2}
              leftSection={<IconArrowsDiff size={14} />}
              onClick={compare}
            >
              Compare
            </Button>
            <Button variant="subtle" color="gray" px={6} aria-label="Choose none" onClick={() => setChosen([])}>
              <IconX size={14} />
            </Button>
          </div>
        )}
      </section>
      {isOpening && <OpenTrace onClose={() => setOpening(false)} onOpen={open} />}
    </div>
  );
}

interface ContentProps {
  state: TracesState;
  found: FoundTraces;
  chosen: readonly string[];
  onChange: (part: Partial<TracesState>) => void;
  onChoose: (id: string) => void;
  onOpen: (id: string) => void;
}

function Content({ state, found, chosen, onChange, onChoose, onOpen }: ContentProps) {
  const { setRange, resolved } = useTime();
  const isCut = found.hasMore && state.order === 'recent';
  const range = useMemo(() => plotRange(found.traces, resolved, isCut), [found.traces, resolved, isCut]);
  const [pointed, setPointed] = useState<string | null>(null);
  if (found.isLoading) return <Loading what="traces" />;
  const isFault = found.error !== null && readSearchFault(found.error, composeQuery(state)) !== null;
  if (found.error !== null && !isFault) {
    return <Failure title="The traces could not be searched" error={found.error} onRetry={found.refetch} />;
  }
  if (isFault && found.traces.length === 0) {
    return <Empty title="The search cannot be read">Change it above, and press Enter.</Empty>;
  }
  if (found.traces.length === 0) return <Nothing state={state} onChange={onChange} />;
  return (
    <>
      <Remarks found={found} />
      <Scatter
        traces={found.traces}
        range={range}
        isCut={isCut}
        highlighted={pointed}
        onOpen={onOpen}
        onZoom={(from, to) => setRange(zoomIn(from, to))}
      />
      <Count found={found} state={state} onChange={onChange} />
      <TraceList
        traces={found.traces}
        order={state.order}
        chosen={chosen}
        onOrder={(order) => onChange({ order })}
        onChoose={onChoose}
        onPoint={setPointed}
      />
    </>
  );
}

function Count({ found, state, onChange }: Pick<ContentProps, 'found' | 'state' | 'onChange'>) {
  const { traces, answer } = found;
  const errors = traces.filter((one) => one.errors > 0).length;
  const stats = answer?.stats;
  return (
    <div className={`${classes.count} num`}>
      <span>
        <b>{formatCount(traces.length)}</b> {traces.length === 1 ? 'trace' : 'traces'}
        {found.hasMore && `, the ${state.order === 'recent' ? 'latest' : 'slowest'}`}
      </span>
      {found.hasMore && (
        <button type="button" className={classes.link} disabled={found.isMoreComing} onClick={found.more}>
          {found.isMoreComing ? 'Loading…' : `${formatCount(state.limit)} more`}
        </button>
      )}
      {errors > 0 && <span>{formatCount(errors)} with errors</span>}
      <span className={classes.spring} />
      <Own state={state} onChange={onChange} />
      {stats?.scanned_rows !== undefined && (
        <span className="muted">
          {formatCount(stats.scanned_rows)} spans looked at
          {stats.took_ms !== undefined && ` in ${formatSeconds(stats.took_ms / 1000)}`}
        </span>
      )}
    </div>
  );
}

/** Says that Pharos's own traces are left out, or brings them back. */
function Own({ state, onChange }: Pick<ContentProps, 'state' | 'onChange'>) {
  if (!state.own && !leavesOutOwn(state)) return null;
  return (
    <button
      type="button"
      className={classes.link}
      title="What Pharos does itself is traced too, a little of it"
      onClick={() => onChange({ own: !state.own })}
    >
      {state.own ? 'Leave out Pharos’s own' : 'Show Pharos’s own'}
    </button>
  );
}

function Remarks({ found }: { found: FoundTraces }) {
  const stats = found.answer?.stats;
  const lines = [
    ...(stats?.partial === true ? ['Not everything was looked at: what is here may be incomplete.'] : []),
    ...(stats?.warnings ?? []),
  ];
  return lines.map((line) => (
    <p key={line} className={classes.note} role="status">
      <IconAlertTriangle size={15} />
      {line}
    </p>
  ));
}

function Nothing({ state, onChange }: Pick<ContentProps, 'state' | 'onChange'>) {
  const services = useServices();
  const isFiltered =
    state.q !== '' ||
    state.service !== null ||
    state.operation !== null ||
    state.errors ||
    state.min + state.max !== '';
  if (services.isKnown && services.values.every((one) => one === OWN_SERVICE)) {
    return (
      <NoSpans of="spans" title="No spans in this time range">
        These lines in the environment of a service with an OpenTelemetry SDK send its traces here.{' '}
        <Own state={state} onChange={onChange} />
      </NoSpans>
    );
  }
  return (
    <Empty title="No trace is found">
      <p>
        {isFiltered
          ? 'Nothing in this time range matches the search and the filters.'
          : 'There are spans in this time range, but no trace of them could be shown.'}
      </p>
      <p className={classes.ways}>
        {isFiltered && (
          <button
            type="button"
            className={classes.link}
            onClick={() =>
              onChange({ q: '', service: null, operation: null, errors: false, own: false, min: '', max: '' })
            }
          >
            Show all traces
          </button>
        )}
        <Wider />
      </p>
    </Empty>
  );
}
