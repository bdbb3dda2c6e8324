import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { tsdbStatus, type TsdbStat } from '@/api/status';
import { keepShell } from '@/components/shell/shellUrl';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { formatBytes, formatCount } from '@/lib/format';
import { labelName, metricSelector, quote } from '@/model/labels';
import { exploreSearch } from '@/model/places';
import classes from './Status.module.css';

const LIMITS = ['10', '20', '50', '100'];

export function Cardinality() {
  const { now } = useTime();
  const [limit, setLimit] = useState('10');
  const tsdb = useQuery({
    queryKey: ['tsdb', limit, now],
    queryFn: ({ signal }) => tsdbStatus(Number(limit), signal),
    placeholderData: (last) => last,
  });
  if (tsdb.isLoading) return <Loading what="cardinality" />;
  if (tsdb.data === undefined)
    return <Failure title="The series could not be counted" error={tsdb.error} onRetry={() => void tsdb.refetch()} />;
  const { headStats, ...lists } = tsdb.data;
  if (headStats.numSeries === 0)
    return <Empty title="There are no series in memory">They appear with the first scrape or remote write.</Empty>;
  return (
    <>
      <div className={classes.bar}>
        <span className="muted num">
          {formatCount(headStats.numSeries)} series in memory, the largest of each kind first
        </span>
        <Select
          aria-label="How many"
          w={110}
          data={LIMITS.map((value) => ({ value, label: `Top ${value}` }))}
          value={limit}
          onChange={(value) => setLimit(value ?? '10')}
          allowDeselect={false}
        />
      </div>
      <div className={classes.columns}>
        <TopList
          title="Metrics by series"
          stats={lists.seriesCountByMetricName}
          whole={headStats.numSeries}
          unit="series"
          queryOf={(name) => `count by (job) (${metricSelector(name)})`}
        />
        <TopList
          title="Label pairs by series"
          stats={lists.seriesCountByLabelValuePair}
          whole={headStats.numSeries}
          unit="series"
          queryOf={queryOfPair}
        />
        <TopList
          title="Labels by values"
          stats={lists.labelValueCountByLabelName}
          unit="values"
          queryOf={(name) => `topk(20, count by (${labelName(name)}) ({${labelName(name)}!=""}))`}
        />
        <TopList title="Labels by memory" stats={lists.memoryInBytesByLabelName} unit="bytes" queryOf={null} />
      </div>
    </>
  );
}

/** `job=node` as the server writes it; the value may hold `=` itself. */
function queryOfPair(pair: string): string {
  const at = pair.indexOf('=');
  return `topk(20, count by (__name__) ({${labelName(pair.slice(0, at))}=${quote(pair.slice(at + 1))}}))`;
}

interface ListProps {
  title: string;
  stats: TsdbStat[];
  unit: 'series' | 'values' | 'bytes';
  /** What a full bar means; the largest of the list when absent. */
  whole?: number;
  queryOf: ((name: string) => string) | null;
}

function TopList({ title, stats, unit, whole, queryOf }: ListProps) {
  const full = whole ?? Math.max(1, ...stats.map((one) => one.value));
  const print = unit === 'bytes' ? formatBytes : formatCount;
  return (
    <section className={classes.card} aria-label={title}>
      <h2>
        {title} <span className="muted">{unit}</span>
      </h2>
      <ol className={classes.top}>
        {stats.map((one) => (
          <li key={one.name}>
            <i style={{ width: `${Math.min(100, (one.value / full) * 100)}%` }} />
            <code title={one.name}>
              {queryOf === null ? (
                one.name
              ) : (
                <Link
                  to="/explore/metrics"
                  search={(previous: object) => ({
                    ...keepShell(previous),
                    ...exploreSearch(queryOf(one.name)),
                    view: 'table',
                  })}
                >
                  {one.name}
                </Link>
              )}
            </code>
            {whole !== undefined && <small className="num">{((one.value / whole) * 100).toFixed(1)} %</small>}
            <b className="num">{print(one.value)}</b>
          </li>
        ))}
        {stats.length === 0 && <li className="muted">nothing to list</li>}
      </ol>
    </section>
  );
}
