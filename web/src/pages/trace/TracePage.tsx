import { ActionIcon, Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import { ApiError } from '@/api/client';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { backToList } from '@/components/trace/lastList';
import type { TraceLogs } from '@/model/trace/logs';
import { rowsOf, type Row } from '@/model/trace/rows';
import { CompareView } from './CompareView';
import { FlameView } from './FlameView';
import { SidePanel } from './SidePanel';
import { TableView } from './TableView';
import { Timeline } from './timeline/Timeline';
import { Toolbar } from './Toolbar';
import { TraceHeader } from './TraceHeader';
import { useBackKey, useTraceKeys } from './traceKeys';
import { NO_SPANS, useLook, type Look } from './useLook';
import { useTrace, useTraceLogs, type TraceData } from './useTrace';
import { useTraceState } from './useTraceState';
import classes from './Trace.module.css';

export function TracePage() {
  const { traceId = '' } = useParams({ strict: false });
  const [{ isAligned }] = useTraceState();
  const { data, error, isLoading, refetch } = useTrace(traceId, isAligned);
  // Spans that were still on the way are there after a refresh.
  const { now } = useTime();
  const asked = useRef(now);
  useEffect(() => {
    if (asked.current === now) return;
    asked.current = now;
    refetch();
  }, [now, refetch]);
  if (isLoading) return <Loading what="the trace" />;
  if (data === null) {
    if (!TRACE_ID.test(traceId)) return <NoId id={traceId} />;
    if (error instanceof ApiError && error.isMissing) return <Unknown id={traceId} onRetry={refetch} />;
    return (
      <>
        <Failure title="The trace could not be loaded" error={error} onRetry={refetch} />
        <ToTraces />
      </>
    );
  }
  if (data.trace.spans.length === 0) return <Unknown id={traceId} onRetry={refetch} />;
  // With more spans, or other times, their places are others: what is folded is forgotten.
  return <Loaded key={`${data.trace.id} ${data.trace.spans.length} ${data.isAligned}`} data={data} />;
}

/** Short ones are of senders that use 64 bits. */
const TRACE_ID = /^[0-9a-f]{16,32}$/i;

function NoId({ id }: { id: string }) {
  return (
    <Empty title="This is no id of a trace">
      <p>
        <code>{id}</code>
      </p>
      <p>An id is 32 digits and letters from a to f.</p>
      <ToTraces />
    </Empty>
  );
}

function ToTraces({ children }: { children?: ReactNode }) {
  useBackKey();
  return (
    <p className={classes.ways}>
      {children}
      <Button renderRoot={(props) => <Link to="/traces" search={backToList} {...props} />}>To the traces</Button>
    </p>
  );
}

function Unknown({ id, onRetry }: { id: string; onRetry: () => void }) {
  return (
    <Empty title="This trace is not here">
      <p>
        <code>{id}</code>
      </p>
      <p>
        Its spans have not come yet, were not sampled, or are older than what is kept. One that was opened from a file
        is gone with the tab: open the file again.
      </p>
      <ToTraces>
        <Button onClick={onRetry}>Look again</Button>
      </ToTraces>
    </Empty>
  );
}

function Loaded({ data }: { data: TraceData }) {
  const look = useLook(data);
  const { state, change, folded, showsLogs, panel } = look;
  const findRef = useRef<HTMLInputElement>(null);
  const { logs, note, isWhole } = useTraceLogs(data);
  const rows = useMemo(
    () => rowsOf(data.trace, folded, showsLogs ? logs.bySpan : undefined),
    [data.trace, folded, showsLogs, logs],
  );
  useTraceKeys({ ...look, data, rows, logCount: logs.lines.length }, () => findRef.current?.focus());

  const hasSide = panel !== 'none' && state.view !== 'compare';
  return (
    <div className={classes.page}>
      <TraceHeader
        data={data}
        onCompare={() => change({ view: 'compare' })}
        onAlign={() => change({ isAligned: !data.isAligned, zoom: null })}
        onService={(name) => look.search(`service="${name}"`)}
      />
      <Toolbar data={data} look={look} findRef={findRef} logs={logs} isWhole={isWhole} logNote={note} />
      <div className={classes.panels} data-side={hasSide || undefined}>
        <section className={classes.panel} aria-label="Trace">
          <View data={data} look={look} rows={rows} logs={logs} />
        </section>
        {hasSide && (
          <SidePanel
            panel={panel}
            data={data}
            chosen={look.chosen}
            logs={logs}
            hasAllLogs={isWhole}
            finding={look.finding}
            onActivate={look.activate}
            onZoom={(zoom) => {
              look.zoomTo(zoom);
              if (state.view !== 'timeline') change({ view: 'timeline' });
            }}
            close={
              <ActionIcon aria-label="Close the panel" size={24} onClick={() => look.openPanel('none')}>
                <IconX size={15} />
              </ActionIcon>
            }
          />
        )}
      </div>
    </div>
  );
}

interface ViewProps {
  data: TraceData;
  look: Look;
  rows: readonly Row[];
  logs: TraceLogs;
}

function View({ data, look, rows, logs }: ViewProps) {
  const { state, change } = look;
  switch (state.view) {
    case 'timeline':
      return (
        <Timeline
          data={data}
          rows={rows}
          folded={look.folded}
          onFold={look.setFolded}
          zoom={look.zoom}
          onZoom={look.zoomTo}
          chosen={look.chosen}
          onChoose={look.choose}
          marked={look.marked ?? NO_SPANS}
          isDimming={look.finding !== null}
          showsPath={look.showsPath}
          logs={logs}
        />
      );
    case 'flame':
      return <FlameView data={data} marked={look.marked ?? NO_SPANS} onChoose={look.go} />;
    case 'table':
      return (
        <TableView
          data={data}
          group={state.group}
          onGroup={(group) => change({ group })}
          only={look.marked}
          chosen={look.chosen}
          onGo={look.go}
          onChoose={look.choose}
          onFind={(text) => {
            look.search(text);
            change({ group: 'span' });
          }}
        />
      );
    case 'compare':
      return <CompareView data={data} other={state.other} onOther={(other) => change({ other })} />;
  }
}
