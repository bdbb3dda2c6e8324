// The lines found, beside the fields they have.
import type { EventQuery } from '@/api/events';
import { Failure, Loading } from '@/components/common/PageState';
import type { LineActions } from '@/components/logs/LogDetail';
import type { RowLook } from '@/components/logs/LogRow';
import { StatsRemarks } from '@/components/logs/StatsRemarks';
import { readSearchFault } from '@/components/search/searchFault';
import { formatCount } from '@/lib/format';
import { FieldsPanel } from './FieldsPanel';
import { LineList } from './LineList';
import { LiveView } from './LiveView';
import { LogsNothing } from './LogsNothing';
import { LINES_MAX, type FoundLines } from './useLogs';
import type { LiveTail } from './useTail';
import classes from './Logs.module.css';

interface Props {
  query: EventQuery<'log'>;
  found: FoundLines;
  live: LiveTail | null;
  look: RowLook;
  actions: LineActions;
  hasFields: boolean;
  onClear: () => void;
}

export function LinesView({ query, found, live, look, actions, hasFields, onClear }: Props) {
  return (
    <div className={classes.split} data-alone={!hasFields || undefined}>
      {hasFields && <FieldsPanel query={query} actions={actions} />}
      {live !== null ? (
        <LiveView live={live} look={look} actions={actions} />
      ) : (
        <div className={classes.main} data-stale={found.isStale || undefined}>
          <Found query={query} found={found} look={look} actions={actions} onClear={onClear} />
        </div>
      )}
    </div>
  );
}

function Found({ query, found, look, actions, onClear }: Omit<Props, 'live' | 'hasFields'>) {
  if (found.isLoading) return <Loading what="lines" />;
  if (found.error !== null) {
    const isFault = readSearchFault(found.error, query.q) !== null;
    return (
      <Failure
        title={isFault ? 'The search cannot be read' : 'The lines could not be searched'}
        error={found.error}
        {...(isFault ? {} : { onRetry: found.refetch })}
      />
    );
  }
  if (found.lines.length === 0) return <LogsNothing q={query.q} onClear={onClear} />;
  return (
    <>
      <StatsRemarks stats={found.stats} />
      <LineList
        // A new search begins at its top.
        key={`${query.q} ${query.start}`}
        lines={found.lines}
        look={look}
        actions={actions}
        onNearEnd={found.more}
        foot={<Foot found={found} />}
      />
    </>
  );
}

function Foot({ found }: { found: FoundLines }) {
  if (found.isFetchingMore) return <p className={classes.foot}>Loading more…</p>;
  if (found.isFull) {
    return (
      <p className={classes.foot}>
        {formatCount(LINES_MAX)} lines are shown, and there are more: narrow the time range or the search.
      </p>
    );
  }
  return found.hasMore ? null : <p className={classes.foot}>These are all lines of the time range.</p>;
}
