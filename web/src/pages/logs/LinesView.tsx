// The lines found, beside the fields they have.
import type { EventQuery } from '@/api/events';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import type { LineActions } from '@/components/logs/LogDetail';
import type { RowLook } from '@/components/logs/LogRow';
import { StatsRemarks } from '@/components/logs/StatsRemarks';
import { readSearchFault } from '@/components/search/searchFault';
import { formatCount } from '@/lib/format';
import { OWN_SERVICE } from '@/model/trace/query';
import { ColumnHeads } from './ColumnHeads';
import { FieldsPanel } from './FieldsPanel';
import { LineList } from './LineList';
import { LiveView } from './LiveView';
import { HowToSend, LogsNothing } from './LogsNothing';
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
  /** The line that is open from the start. */
  line: string | null;
  onLine: (id: string | null) => void;
}

export function LinesView(props: Props) {
  const { query, found, live, look, actions, hasFields } = props;
  return (
    <div className={classes.split} data-alone={!hasFields || undefined}>
      {hasFields && <FieldsPanel query={query} actions={actions} isLive={live !== null} />}
      {live !== null ? (
        <LiveView live={live} look={look} actions={actions} />
      ) : (
        <div className={classes.main} data-stale={found.isStale || undefined}>
          <Found {...props} />
        </div>
      )}
    </div>
  );
}

function Found({ query, found, look, actions, onClear, line, onLine }: Omit<Props, 'live' | 'hasFields'>) {
  if (found.isLoading) return <Loading what="lines" />;
  const isFault = found.error !== null && readSearchFault(found.error, query.q) !== null;
  if (found.error !== null && !isFault) {
    return <Failure title="The lines could not be searched" error={found.error} onRetry={found.refetch} />;
  }
  if (isFault && found.lines.length === 0) {
    return <Empty title="The search cannot be read">Change it above, and press Enter.</Empty>;
  }
  if (found.lines.length === 0) {
    return (
      <>
        <StatsRemarks stats={found.stats} />
        <LogsNothing q={query.q} onClear={onClear} />
      </>
    );
  }
  return (
    <>
      <StatsRemarks stats={found.stats} />
      <ColumnHeads look={look} actions={actions} />
      <LineList
        // A new search begins at its top.
        key={`${query.q} ${query.start} ${found.order}`}
        lines={found.lines}
        look={look}
        actions={actions}
        onNearEnd={found.more}
        first={line}
        onOpen={onLine}
        foot={<Foot found={found} isAll={query.q === ''} />}
      />
    </>
  );
}

function Foot({ found, isAll }: { found: FoundLines; isAll: boolean }) {
  if (found.isFetchingMore) return <p className={classes.foot}>Loading more…</p>;
  if (found.isFull) {
    return (
      <p className={classes.foot}>
        {formatCount(LINES_MAX)} lines are shown, and there are more: narrow the time range or the search.
      </p>
    );
  }
  if (found.hasMore) return null;
  const isOwn = isAll && found.lines.every((line) => line.service === OWN_SERVICE);
  return (
    <>
      <p className={classes.foot}>These are all lines of the time range.</p>
      {isOwn && <HowToSend title="Only Pharos itself has written lines so far" />}
    </>
  );
}
