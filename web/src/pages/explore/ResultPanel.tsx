import { Button, Tooltip } from '@mantine/core';
import { IconCheck, IconDownload, IconLink } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Empty, Loading } from '@/components/common/PageState';
import { Segments } from '@/components/common/Segments';
import { useTime } from '@/components/shell/time';
import { copyText, download } from '@/lib/browser';
import { absolute } from '@/model/timeRange';
import { buildChart } from '@/model/chart';
import { chartCsv, tableCsv } from '@/model/csv';
import type { Grid } from '@/model/step';
import { unitOf } from '@/model/unitOf';
import { buildTable } from '@/model/vector';
import { ExplainView } from './ExplainView';
import { GraphView } from './GraphView';
import { Remarks } from './Remarks';
import { activeQueries, type ExploreUnits, type Result } from './results';
import { TableView } from './TableView';
import type { View } from './url';
import type { QueryRows } from './useQueryRows';
import classes from './Explore.module.css';

interface Props {
  queries: QueryRows;
  view: View;
  results: Result[];
  grid: Grid;
  explains: boolean;
}

export function ResultPanel({ queries, view, results, grid, explains }: Props) {
  const { state, change } = queries;
  const answered = results.filter((result) => result.answer !== undefined);
  const failed = results.filter((result) => result.error !== null);
  const views: { value: View; title: string }[] = [
    { value: 'graph', title: 'Graph' },
    { value: 'table', title: 'Table' },
    ...(explains ? [{ value: 'explain' as const, title: 'Explain' }] : []),
  ];
  const save = (): void => saveCsv(view, answered, grid);

  return (
    <section className={classes.panel} aria-label="Results">
      <div className={classes.panelHead}>
        <Segments label="View" value={view} choices={views} onChange={(next) => change({ view: next })} />
        {view === 'graph' && (
          <Segments
            label="Lines"
            value={state.isStacked ? 'stacked' : 'lines'}
            choices={[
              { value: 'lines', title: 'Lines' },
              { value: 'stacked', title: 'Stacked' },
            ]}
            onChange={(value) => change({ isStacked: value === 'stacked' })}
          />
        )}
        <span className={classes.spring} />
        {view !== 'explain' && (
          <Button leftSection={<IconDownload size={14} stroke={1.7} />} onClick={save} disabled={answered.length === 0}>
            CSV
          </Button>
        )}
        <ShareButton />
      </div>
      <Remarks results={results} />
      <div className={classes.panelBody} data-fetching={results.some((result) => result.isFetching) || undefined}>
        <Body queries={queries} view={view} results={results} grid={grid} answered={answered} failed={failed} />
      </div>
    </section>
  );
}

interface BodyProps extends Omit<Props, 'explains'> {
  answered: Result[];
  failed: Result[];
}

function Body({ queries, view, results, grid, answered, failed }: BodyProps) {
  if (view === 'explain') return <ExplainView queries={activeQueries(queries.state.queries)} grid={grid} />;
  if (answered.length === 0 && results.some((result) => result.isLoading)) return <Loading what="samples" />;
  if (answered.length === 0 && failed.length > 0) {
    const stale = failed.flatMap((one) => (one.before === null ? [] : [{ ...one, ...one.before, error: null }]));
    if (stale.length === 0) return <Empty title="No result yet">What is wrong stands below the query.</Empty>;
    return (
      <div className={classes.stale} data-testid="stale">
        <p className={classes.staleNote}>
          The last result, of{' '}
          {stale.map((one) => (
            <code key={one.letter}>{one.expr}</code>
          ))}
        </p>
        <div className={classes.staleBody} inert>
          <Shown queries={queries} view={view} grid={grid} shown={stale} />
        </div>
      </div>
    );
  }
  return <Shown queries={queries} view={view} grid={grid} shown={answered} />;
}

interface ShownProps extends Omit<Props, 'explains' | 'results'> {
  shown: Result[];
}

function Shown({ queries, view, grid, shown }: ShownProps) {
  const units = useUnits(shown);
  if (view === 'table') return <TableView results={shown} units={units} />;
  return (
    <GraphView
      results={shown}
      grid={grid}
      units={units}
      isStacked={queries.state.isStacked}
      queries={queries.state.queries}
    />
  );
}

function useUnits(results: readonly Result[]): ExploreUnits {
  const exprs = results.map((result) => result.expr);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => new Map(exprs.map((expr) => [expr, unitOf(expr)])), [exprs.join('\n')]);
}

function saveCsv(view: View, answered: readonly Result[], grid: Grid): void {
  const stamp = new Date(grid.end * 1000).toISOString().slice(0, 19).replace(/:/g, '');
  if (view === 'graph') {
    const inputs = answered.flatMap((one) =>
      one.answer === undefined
        ? []
        : [{ query: one.letter, expr: one.expr, data: one.answer.data, unit: 'none' as const }],
    );
    download(`pharos-${stamp}.csv`, chartCsv(buildChart(inputs, grid, Infinity)), 'text/csv');
    return;
  }
  for (const one of answered) {
    if (one.answer === undefined) continue;
    download(`pharos-${one.letter.toLowerCase()}-${stamp}.csv`, tableCsv(buildTable(one.answer.data)), 'text/csv');
  }
}

/** A link that shows the same to everybody: relative times become the moments they mean now. */
function ShareButton() {
  const { resolved } = useTime();
  const [isDone, setDone] = useState(false);
  const share = async (): Promise<void> => {
    const url = new URL(location.href);
    const fixed = absolute(resolved.from, resolved.to);
    url.searchParams.set('from', fixed.from);
    url.searchParams.set('to', fixed.to);
    url.searchParams.delete('refresh');
    setDone(await copyText(url.toString()));
    setTimeout(() => setDone(false), 1500);
  };
  const Icon = isDone ? IconCheck : IconLink;
  return (
    <Tooltip label="Copies a link to exactly this time range">
      <Button leftSection={<Icon size={14} stroke={1.7} />} onClick={() => void share()}>
        {isDone ? 'Copied' : 'Share'}
      </Button>
    </Tooltip>
  );
}
