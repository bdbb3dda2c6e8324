import { useMemo, useState } from 'react';
import { useTime } from '@/components/shell/time';
import { useShortcuts } from '@/components/shell/keys';
import { align, chooseStep } from '@/model/step';
import { MetricsBrowser } from './MetricsBrowser';
import { QueryList } from './QueryList';
import { ResultPanel } from './ResultPanel';
import { Start } from './Start';
import { activeQueries, useExplainExists, useInstantResults, useRangeResults } from './results';
import { useQueryRows } from './useQueryRows';
import classes from './Explore.module.css';

export function ExplorePage() {
  const queries = useQueryRows();
  const { state } = queries;
  const time = useTime();
  const [isBrowsing, setBrowsing] = useState(false);
  const explains = useExplainExists();
  const view = state.view === 'explain' && !explains ? 'graph' : state.view;

  const grid = useMemo(() => align(time.resolved, chooseStep(state.step, time.resolved)), [time.resolved, state.step]);
  const ranges = useRangeResults(state.queries, grid, view === 'graph');
  const instants = useInstantResults(state.queries, Math.floor(time.resolved.to / 1000), view === 'table');
  const results = view === 'table' ? instants : ranges;

  useShortcuts([
    { keys: '/', title: 'Write in the first query', group: 'Metrics', run: focusFirst },
    { keys: 'n', title: 'One more query', group: 'Metrics', run: () => queries.add() },
    { keys: 'm', title: 'Metrics browser', group: 'Metrics', run: () => setBrowsing(true) },
    { keys: '1', title: 'Graph', group: 'Metrics', run: () => queries.change({ view: 'graph' }) },
    { keys: '2', title: 'Table', group: 'Metrics', run: () => queries.change({ view: 'table' }) },
    ...(explains
      ? [{ keys: '3', title: 'Explain', group: 'Metrics', run: () => queries.change({ view: 'explain' }) }]
      : []),
    {
      keys: 's',
      title: 'Stacked or not',
      group: 'Metrics',
      run: () => queries.change({ isStacked: !state.isStacked }),
    },
  ]);

  const isEmpty = activeQueries(state.queries).length === 0;
  return (
    <div className={classes.page}>
      <QueryList queries={queries} results={results} grid={grid} onBrowse={() => setBrowsing(true)} />
      {isEmpty ? (
        <Start onQuery={queries.add} onBrowse={() => setBrowsing(true)} />
      ) : (
        <ResultPanel queries={queries} view={view} results={results} grid={grid} explains={explains} />
      )}
      {isBrowsing && (
        <MetricsBrowser
          onClose={() => setBrowsing(false)}
          onInsert={(expr) => {
            queries.add(expr);
            setBrowsing(false);
          }}
        />
      )}
    </div>
  );
}

function focusFirst(): void {
  document.querySelector<HTMLElement>('.cm-content')?.focus();
}
