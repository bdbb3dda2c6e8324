import { Button, Tooltip } from '@mantine/core';
import { IconAccessPoint, IconLayoutSidebar, IconTextWrap } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Segments } from '@/components/common/Segments';
import { highlighter } from '@/components/logs/highlight';
import type { LineActions } from '@/components/logs/LogDetail';
import type { RowLook } from '@/components/logs/LogRow';
import { Volume } from '@/components/logs/Volume';
import { VolumeLegend } from '@/components/logs/VolumeLegend';
import { SearchBox } from '@/components/search/SearchBox';
import { useShortcuts } from '@/components/shell/keys';
import { useTime } from '@/components/shell/time';
import { formatCount, formatSeconds } from '@/lib/format';
import { isBoolean, recall, remember } from '@/lib/storage';
import { severityTerm } from '@/model/logs/severity';
import { not, toggleTerm, withTerm } from '@/model/logs/terms';
import { zoomIn } from '@/model/timeRange';
import { ContextDrawer } from './ContextDrawer';
import { DownloadMenu } from './DownloadMenu';
import { GroupView } from './GroupView';
import { LinesView } from './LinesView';
import { PatternsView } from './PatternsView';
import { decodeLogs, encodeLogs, type LogsState } from './url';
import { useLines, useLogQuery, useVolume, type FoundLines } from './useLogs';
import { useTail } from './useTail';
import classes from './Logs.module.css';

const DAY_MS = 86_400_000;

export function LogsPage() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeLogs(search as Record<string, string>), [search]);
  const { resolved, utc, setRange, refresh } = useTime();
  const [isWrapped, toggleWrap] = useRemembered('logs.wrap', false);
  const [hasFields, toggleFields] = useRemembered('logs.fields', true);
  const query = useLogQuery(state.q);
  const found = useLines(query, state.view === 'lines' && !state.live);
  const { volume, isLoading } = useVolume(query, !state.live);
  const live = useTail(state.q, state.live);

  const change = (part: Partial<LogsState>): void => {
    void navigate({ to: '.', search: (previous: object) => ({ ...previous, ...encodeLogs({ ...state, ...part }) }) });
  };
  const actions: LineActions = {
    q: state.q,
    onTerm: (term) => change({ q: toggleTerm(state.q, term), context: null }),
    onGroup: (field) => change({ view: 'group', by: [field], order: '', live: false, context: null }),
    onContext: (id) => change({ context: id }),
  };
  const look = useMemo<RowLook>(
    () => ({ utc, isWrapped, withDay: resolved.to - resolved.from > DAY_MS, pattern: highlighter(state.q) }),
    [utc, isWrapped, resolved, state.q],
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
            <>
              {!state.live && <Count found={found} total={volume?.total ?? null} />}
              <Tooltip label="Wrap lines (W)">
                <button
                  type="button"
                  className={classes.toggle}
                  aria-pressed={isWrapped}
                  aria-label="Wrap lines"
                  onClick={toggleWrap}
                >
                  <IconTextWrap size={16} stroke={1.7} />
                </button>
              </Tooltip>
              <Tooltip label="Fields (F)">
                <button
                  type="button"
                  className={classes.toggle}
                  aria-pressed={hasFields}
                  aria-label="Fields"
                  onClick={toggleFields}
                >
                  <IconLayoutSidebar size={16} stroke={1.7} />
                </button>
              </Tooltip>
            </>
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
            onClear={() => change({ q: '' })}
          />
        )}
        {state.view === 'patterns' && (
          <PatternsView
            query={query}
            order={state.sort}
            utc={utc}
            actions={actions}
            onOrder={(sort) => change({ sort })}
            onClear={() => change({ q: '' })}
            onLines={(term) => change({ q: withTerm(state.q, term), view: 'lines' })}
          />
        )}
        {state.view === 'group' && (
          <GroupView
            query={query}
            state={state}
            utc={utc}
            onChange={change}
            onLines={(terms) => change({ q: terms.reduce(withTerm, state.q), view: 'lines' })}
          />
        )}
      </section>
      {state.context !== null && (
        <ContextDrawer id={state.context} look={look} actions={actions} onClose={() => change({ context: null })} />
      )}
    </div>
  );
}

function Count({ found, total }: { found: FoundLines; total: number | null }) {
  const { stats } = found;
  const title =
    stats?.scanned_rows === undefined
      ? undefined
      : `${formatCount(stats.scanned_rows)} lines looked at${stats.took_ms === undefined ? '' : ` in ${formatSeconds(stats.took_ms / 1000)}`}`;
  return (
    <span className={`${classes.count} num`} title={title} data-testid="log-count">
      <b>{formatCount(total ?? found.lines.length)}</b> {total === 1 ? 'line' : 'lines'}
    </span>
  );
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
