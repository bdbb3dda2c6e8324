// What the lines found have in common: templates, the commonest first.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { logPatterns, type EventQuery } from '@/api/events';
import { Failure, Loading } from '@/components/common/PageState';
import { Segments } from '@/components/common/Segments';
import type { LineActions } from '@/components/logs/LogDetail';
import { StatsRemarks } from '@/components/logs/StatsRemarks';
import { readSearchFault } from '@/components/search/searchFault';
import { formatCount } from '@/lib/format';
import { readPatterns, sortPatterns, type PatternOrder } from '@/model/logs/pattern';
import { LogsNothing } from './LogsNothing';
import { PatternRow } from './PatternRow';
import page from './Logs.module.css';
import classes from './Patterns.module.css';

interface Props {
  query: EventQuery<'log'>;
  order: PatternOrder;
  utc: boolean;
  actions: LineActions;
  onOrder: (order: PatternOrder) => void;
  onClear: () => void;
  /** Shows the lines that a search finds within this one. */
  onLines: (term: string) => void;
}

const PATTERNS = 200;
const BUCKETS = 40;

export function PatternsView({ query, order, utc, actions, onOrder, onClear, onLines }: Props) {
  const { q, start, end } = query;
  const [open, setOpen] = useState<string | null>(null);
  const { data, error, isLoading, isPlaceholderData, refetch } = useQuery({
    queryKey: ['log-patterns', query],
    queryFn: ({ signal }) => logPatterns({ q, start, end }, { limit: PATTERNS, buckets: BUCKETS }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const patterns = useMemo(() => sortPatterns(data === undefined ? [] : readPatterns(data), order), [data, order]);
  if (isLoading) return <Loading what="patterns" />;
  if (error !== null) {
    const isFault = readSearchFault(error, q) !== null;
    return (
      <Failure
        title={isFault ? 'The search cannot be read' : 'The patterns could not be found'}
        error={error}
        {...(isFault ? {} : { onRetry: () => void refetch() })}
      />
    );
  }
  if (patterns.length === 0) {
    return (
      <div className={page.main}>
        <StatsRemarks stats={data?.stats} />
        <LogsNothing q={q} onClear={onClear} />
      </div>
    );
  }
  return (
    <div className={page.main} data-stale={isPlaceholderData || undefined}>
      <StatsRemarks stats={data?.stats} />
      <div className={classes.head}>
        <span className="num">
          <b>{formatCount(patterns.length)}</b> {patterns.length === 1 ? 'pattern' : 'patterns'} of{' '}
          {formatCount(data?.lines ?? 0)} lines{data?.sampled === true && ', a sample of those found'}
        </span>
        <span className={page.spring} />
        <Segments
          label="Order"
          value={order}
          choices={[
            { value: 'count', title: 'Commonest' },
            { value: 'rare', title: 'Rarest' },
            { value: 'severity', title: 'Most severe' },
            { value: 'new', title: 'Newest', hint: 'Those that were first seen last' },
          ]}
          onChange={onOrder}
        />
      </div>
      <div className={classes.list} role="table" aria-label="Patterns">
        <div className={`${classes.row} ${classes.columns}`} role="row">
          <span className={classes.right}>Lines</span>
          <span>Share</span>
          <span>Severity</span>
          <span>Over time</span>
          <span>Pattern</span>
        </div>
        {patterns.map((pattern) => (
          <PatternRow
            key={pattern.template}
            pattern={pattern}
            isOpen={open === pattern.template}
            utc={utc}
            actions={actions}
            onToggle={() => setOpen(open === pattern.template ? null : pattern.template)}
            onLines={onLines}
          />
        ))}
      </div>
    </div>
  );
}
