import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useParams } from '@tanstack/react-router';
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { ApiError } from '@/api/client';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { recall, remember } from '@/lib/storage';
import { findSpans, nextOf } from '@/model/trace/find';
import type { Finding } from '@/model/trace/findings';
import { foldAll, foldLevel, reveal, rowsOf, type Folded } from '@/model/trace/rows';
import { CompareView } from './CompareView';
import { FlameView } from './FlameView';
import { SidePanel, isPanel, type Panel } from './SidePanel';
import { TableView } from './TableView';
import { Timeline } from './timeline/Timeline';
import { Toolbar } from './Toolbar';
import { TraceHeader } from './TraceHeader';
import { useTraceKeys } from './traceKeys';
import { useDraft } from './useDraft';
import { useTrace, useTraceLogs, type TraceData } from './useTrace';
import { useTraceState } from './useTraceState';
import { printZoom, readZoom, type Zoom } from './url';
import classes from './Trace.module.css';

export function TracePage() {
  const { traceId = '' } = useParams({ strict: false });
  const { data, error, isLoading, refetch } = useTrace(traceId);
  if (isLoading) return <Loading what="the trace" />;
  if (data === null) {
    if (error instanceof ApiError && error.isMissing) return <Unknown id={traceId} />;
    return <Failure title="The trace could not be loaded" error={error} onRetry={refetch} />;
  }
  if (data.trace.spans.length === 0) return <Unknown id={traceId} />;
  return <Loaded key={data.trace.id} data={data} />;
}

function Unknown({ id }: { id: string }) {
  return (
    <Empty title="This trace is not here">
      <p>
        <code>{id}</code>
      </p>
      <p>
        Its spans have not come yet, were not sampled, or are older than what is kept. One that was opened from a file
        is gone with the tab: open the file again.
      </p>
    </Empty>
  );
}

/** The findings are open from the start where there is room for them. */
const WIDE_PX = 1400;
const NO_SPANS: ReadonlySet<number> = new Set();

function Loaded({ data }: { data: TraceData }) {
  const { trace } = data;
  const [state, change] = useTraceState();
  const [spanId, chooseId] = useDraft(state.span, (span) => change({ span }));
  const [find, setFind] = useDraft(state.find, (text) => change({ find: text }));
  // As text: two of one meaning are the same.
  const [zoomText, setZoom] = useDraft(printZoom(state.zoom), (text) => change({ zoom: readZoom(text) }));
  const zoom = useMemo(() => readZoom(zoomText), [zoomText]);
  const [folded, setFolded] = useState<Folded>(NO_SPANS);
  const [finding, setFinding] = useState<Finding | null>(null);
  const [showsPath, setPath] = useState(() => recall('trace.path', isBoolean, false));
  const [showsLogs, setLogs] = useState(false);
  const [panel, setPanel] = useState<Panel>(() =>
    state.span !== null ? 'span' : recall('trace.panel', isPanel, window.innerWidth >= WIDE_PX ? 'findings' : 'none'),
  );
  const findRef = useRef<HTMLInputElement>(null);
  const { logs } = useTraceLogs(data);

  const chosen = spanId === null ? null : (data.byId.get(spanId) ?? null);
  const needle = useDeferredValue(find);
  const found = useMemo(() => findSpans(trace, needle), [trace, needle]);
  const marked = useMemo(
    () => (finding !== null ? new Set(finding.spans) : found.length > 0 ? new Set(found) : NO_SPANS),
    [finding, found],
  );
  const rows = useMemo(
    () => rowsOf(trace, folded, showsLogs ? logs.bySpan : undefined),
    [trace, folded, showsLogs, logs],
  );

  const openPanel = useCallback((next: Panel): void => {
    setPanel(next);
    if (next !== 'span') remember('trace.panel', next);
  }, []);
  const go = useCallback(
    (index: number): void => {
      setFolded((before) => reveal(trace, before, index));
      chooseId(trace.spans[index]?.id ?? null);
    },
    [trace, chooseId],
  );
  const choose = useCallback(
    (index: number): void => {
      go(index);
      setPanel((before) =>
        before === 'findings' && window.innerWidth >= WIDE_PX && finding !== null ? before : 'span',
      );
    },
    [go, finding],
  );
  const zoomTo = useCallback((next: Zoom | null): void => setZoom(printZoom(next)), [setZoom]);
  const step = (direction: 1 | -1): void => {
    // At Enter right after a letter the list may be that of the text before.
    const list = finding !== null ? finding.spans : needle === find ? found : findSpans(trace, find);
    const next = nextOf(list, chosen ?? -1, direction);
    if (next !== null) go(next);
  };
  const activate = (next: Finding | null): void => {
    setFinding(next);
    const first = next?.focus ?? next?.spans[0];
    if (first !== undefined) go(first);
  };
  const search = (text: string): void => {
    setFinding(null);
    setFind(text);
  };
  const fold = {
    openAll: () => setFolded(NO_SPANS),
    foldAll: () => setFolded(foldAll(trace)),
    level: (by: 1 | -1) => setFolded(foldLevel(trace, folded, by)),
  };
  const togglePath = (): void => {
    remember('trace.path', !showsPath);
    setPath(!showsPath);
  };
  const toggleFindings = (): void => {
    openPanel(panel === 'findings' ? 'none' : 'findings');
    setFinding(null);
  };

  useTraceKeys({
    data,
    rows,
    folded,
    chosen,
    panel,
    view: state.view,
    onView: (view) => change({ view }),
    zoomTo,
    go,
    setFolded,
    openPanel,
    step,
    fold,
    focusFind: () => findRef.current?.focus(),
    togglePath,
    toggleLogs: () => setLogs(!showsLogs),
    toggleFindings,
    clear: () => {
      setFinding(null);
      if (panel === 'span') setPanel('none');
      else if (find !== '') setFind('');
      else zoomTo(null);
    },
  });

  const hasSide = panel !== 'none' && state.view !== 'compare';
  return (
    <div className={classes.page}>
      <TraceHeader
        data={data}
        onCompare={() => change({ view: 'compare' })}
        onService={(name) => search(`service="${name}"`)}
      />
      <Toolbar
        view={state.view}
        onView={(view) => change({ view })}
        find={find}
        findRef={findRef}
        found={found}
        chosen={chosen}
        onFind={search}
        onStep={step}
        fold={fold}
        showsPath={showsPath}
        onPath={togglePath}
        showsLogs={showsLogs}
        logCount={logs.lines.length}
        onLogs={() => setLogs(!showsLogs)}
        findingCount={data.findings.length}
        showsFindings={hasSide && panel === 'findings'}
        onFindings={toggleFindings}
      />
      <div className={classes.panels} data-side={hasSide || undefined}>
        <section className={classes.panel} aria-label="Trace">
          {state.view === 'timeline' && (
            <Timeline
              data={data}
              rows={rows}
              folded={folded}
              onFold={setFolded}
              zoom={zoom}
              onZoom={zoomTo}
              chosen={chosen}
              onChoose={choose}
              marked={marked}
              isDimming={finding !== null}
              showsPath={showsPath}
              logs={logs}
            />
          )}
          {state.view === 'flame' && <FlameView data={data} marked={marked} onChoose={go} />}
          {state.view === 'table' && (
            <TableView
              data={data}
              group={state.group}
              onGroup={(group) => change({ group })}
              only={marked.size > 0 ? marked : null}
              chosen={chosen}
              onChoose={choose}
              onFind={(text) => {
                search(text);
                change({ group: 'span' });
              }}
            />
          )}
          {state.view === 'compare' && (
            <CompareView data={data} other={state.other} onOther={(other) => change({ other })} />
          )}
        </section>
        {hasSide && (
          <SidePanel
            panel={panel}
            data={data}
            chosen={chosen}
            logs={logs}
            finding={finding}
            onActivate={activate}
            onZoom={(next) => {
              zoomTo(next);
              if (state.view !== 'timeline') change({ view: 'timeline' });
            }}
            close={
              <ActionIcon aria-label="Close the panel" size={24} onClick={() => openPanel('none')}>
                <IconX size={15} />
              </ActionIcon>
            }
          />
        )}
      </div>
    </div>
  );
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
