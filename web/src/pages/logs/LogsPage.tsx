import { Button } from '@mantine/core';
import { IconAccessPoint } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Segments } from '@/components/common/Segments';
import { highlighter } from '@/components/logs/highlight';
import type { LineActions } from '@/components/logs/LogDetail';
import type { RowLook } from '@/components/logs/LogRow';
import { Volume } from '@/components/logs/Volume';
import { VolumeLegend } from '@/components/logs/VolumeLegend';
import { SearchBox } from '@/components/search/SearchBox';
import { useShortcuts } from '@/components/shell/keys';
import { useService } from '@/components/shell/service';
import { withService } from '@/components/shell/shellUrl';
import { useTime } from '@/components/shell/time';
import { isBoolean, recall, remember } from '@/lib/storage';
import { COLUMNS_MAX } from '@/model/logs/columns';
import { severityTerm } from '@/model/logs/severity';
import { not, toggleTerm, withTerm } from '@/model/logs/terms';
import { ofService } from '@/model/trace/query';
import { zoomIn } from '@/model/timeRange';
import { ContextDrawer } from './ContextDrawer';
import { DownloadMenu } from './DownloadMenu';
import { GroupView } from './GroupView';
import { LinesTools } from './LinesTools';
import { LinesView } from './LinesView';
import { PatternsView } from './PatternsView';
import { decodeLogs, encodeLogs, type LogsState } from './url';
import { useLines, useLogQuery, useVolume } from './useLogs';
import { useTail } from './useTail';
import classes from './Logs.module.css';

const DAY_MS = 86_400_000;

/** With one more at the end, or without it; of too many the first goes. */
const toggled = (all: readonly string[], one: string): string[] =>
  all.includes(one) ? all.filter((other) => other !== one) : [...all, one].slice(-COLUMNS_MAX);

export function LogsPage() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeLogs(search as Record<string, string>), [search]);
  const { resolved, utc, setRange, refresh } = useTime();
  const [isWrapped, toggleWrap] = useRemembered('logs.wrap', false);
  const [hasFields, toggleFields] = useRemembered('logs.fields', true);
  const { service } = useService();
  const asked = ofService(state.q, service);
  const query = useLogQuery(asked);
  const found = useLines(query, state.isOldestFirst ? 'asc' : 'desc', state.view === 'lines' && !state.live);
  const { volume, isLoading } = useVolume(query, !state.live);
  const live = useTail(asked, state.live);

  useEndOfLive(state.live, refresh);

  const change = (part: Partial<LogsState>, replace = false): void => {
    // Another search begins at its top.
    const line = part.q === undefined || part.q === state.q ? state.line : null;
    const next = encodeLogs({ ...state, line, ...part });
    void navigate({ to: '.', search: (previous: object) => ({ ...previous, ...next }), replace });
  };
  const clear = (): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({
        ...withService(previous, null),
        ...encodeLogs({ ...state, q: '', line: null }),
      }),
    });
  };
  const actions: LineActions = {
    q: state.q,
    onTerm: (term) => change({ q: toggleTerm(state.q, term), context: null }),
    onGroup: (field) => change({ view: 'group', by: [field], order: '', live: false, context: null }),
    onContext: (id) => change({ context: id }),
    columns: state.cols,
    onColumn: (field) => change({ cols: toggled(state.cols, field) }),
  };
  const columns = state.cols;
  const look = useMemo<RowLook>(
    () => ({ utc, isWrapped, withDay: resolved.to - resolved.from > DAY_MS, pattern: highlighter(state.q), columns }),
    [utc, isWrapped, resolved, state.q, columns],
  );
  useShortcuts([
    { keys: 'w', title: 'Wrap lines or not', group: 'Logs', run: toggleWrap },
    { keys: 'l', title: 'Live lines', group: 'Logs', run: () => change({ live: !state.live, view: 'lines' }) },
    { keys: 'f', title: 'Fields', group: 'Logs', run: toggleFields },
  ]);

  return (
    <div className={classes.page}>
      <div className={classes.top}>
        <SearchBox
          kind="log"
          value={state.q}
          onRun={(q) => (q === state.q ? refresh() : change({ q }))}
          asked={asked}
          error={state.live ? live.error : found.error}
          isFetching={found.isFetching}
          label="Search logs"
          placeholder='All lines; or: service:checkout severity>=error "connection reset"'
        />
        <Button
          className={classes.live}
          aria-pressed={state.live}
          leftSection={<IconAccessPoint size={15} stroke={1.7} />}
          onClick={() => change({ live: !state.live, view: 'lines' })}
          title="Lines as they come (L)"
        >
          Live
        </Button>
        <DownloadMenu query={query} total={volume?.total ?? null} />
      </div>
      {!state.live && (volume !== null || isLoading) && (
        <div className={classes.volume}>
          {volume === null ? (
            <div className={classes.volumeWait} />
          ) : (
            <Volume
              volume={volume}
              from={resolved.from}
              to={resolved.to}
              utc={utc}
              onZoom={(from, to) => setRange(zoomIn(from, to))}
            />
          )}
        </div>
      )}
      <section className={classes.panel} aria-label="Logs">
        <div className={classes.panelHead}>
          <Segments
            label="What to show"
            value={state.view}
            choices={[
              { value: 'lines', title: 'Lines' },
              { value: 'patterns', title: 'Patterns', hint: 'What the lines have in common' },
              { value: 'group', title: 'Table', hint: 'Lines grouped by their fields' },
            ]}
            onChange={(view) => change({ view })}
          />
          {volume !== null && !state.live && (
            <VolumeLegend
              volume={volume}
              q={state.q}
              onSeverity={(severity, isWithout) => {
                const term = severityTerm(severity);
                actions.onTerm(isWithout ? not(term) : term);
              }}
            />
          )}
          <span className={classes.spring} />
          {state.view === 'lines' && (
            <LinesTools
              found={state.live ? null : found}
              total={volume?.total ?? null}
              isOldestFirst={state.isOldestFirst}
              isWrapped={isWrapped}
              hasFields={hasFields}
              onOrder={() => change({ isOldestFirst: !state.isOldestFirst })}
              onWrap={toggleWrap}
              onFields={toggleFields}
            />
          )}
        </div>
        {state.view === 'lines' && (
          <LinesView
            query={query}
            found={found}
            live={state.live ? live : null}
            look={look}
            actions={actions}
            hasFields={hasFields}
            onClear={clear}
            line={state.line}
            onLine={(line) => change({ line }, true)}
          />
        )}
        {state.view === 'patterns' && (
          <PatternsView
            query={query}
            order={state.sort}
            utc={utc}
            actions={actions}
            onOrder={(sort) => change({ sort })}
            onClear={clear}
            onLines={(term) => change({ q: withTerm(state.q, term), view: 'lines' })}
          />
        )}
        {state.view === 'group' && (
          <GroupView
            query={query}
            state={state}
            utc={utc}
            onChange={change}
            onClear={clear}
            onLines={(terms) => change({ q: terms.reduce(withTerm, state.q), view: 'lines' })}
          />
        )}
      </section>
      {state.context !== null && (
        <ContextDrawer
          id={state.context}
          look={look}
          actions={actions}
          // Not a step to come back from: that would open it again.
          onClose={() => change({ context: null }, true)}
        />
      )}
    </div>
  );
}

/** The lines just seen are newer than the `now` of the time range: it moves on when they no longer come by themselves. */
function useEndOfLive(isLive: boolean, refresh: () => void): void {
  const was = useRef(isLive);
  useEffect(() => {
    if (was.current && !isLive) refresh();
    was.current = isLive;
  }, [isLive, refresh]);
}

function useRemembered(key: string, usual: boolean): [boolean, () => void] {
  const [value, setValue] = useState(() => recall(key, isBoolean, usual));
  return [
    value,
    () => {
      remember(key, !value);
      setValue(!value);
    },
  ];
}
