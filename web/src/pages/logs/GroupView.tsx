// The lines found as a table: a row a group, a column a number.
import { Button } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconDownload } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { groupEvents, type EventQuery } from '@/api/events';
import { Failure, Loading } from '@/components/common/PageState';
import { StatsRemarks } from '@/components/logs/StatsRemarks';
import { readSearchFault } from '@/components/search/searchFault';
import { download } from '@/lib/browser';
import { formatCount } from '@/lib/format';
import { field as csvField } from '@/model/csv';
import { groupRows, nextOrder, readGroups, rowTerms, type Cell, type GroupTable } from '@/model/logs/group';
import { GroupControls } from './GroupControls';
import { LogsNothing } from './LogsNothing';
import type { LogsState } from './url';
import { useFields } from './useLogs';
import page from './Logs.module.css';
import classes from './Group.module.css';

interface Props {
  query: EventQuery<'log'>;
  state: Pick<LogsState, 'by' | 'agg' | 'order'>;
  utc: boolean;
  onChange: (part: Partial<LogsState>) => void;
  onClear: () => void;
  /** Shows the lines of a row. */
  onLines: (terms: string[]) => void;
}

const ROWS = 1000;

export function GroupView({ query, state, utc, onChange, onClear, onLines }: Props) {
  const { by, agg, order } = state;
  const { fields } = useFields(query, true);
  const { data, error, isLoading, isPlaceholderData, refetch } = useQuery({
    queryKey: ['log-groups', query, by, agg, order],
    queryFn: ({ signal }) => groupEvents(query, { by, agg, limit: ROWS, ...(order === '' ? {} : { order }) }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const keys = data === undefined ? 0 : Math.max(0, data.columns.length - agg.length);
  const table = useMemo(() => (data === undefined ? null : readGroups(data, keys, utc)), [data, keys, utc]);
  const isFault = readSearchFault(error, query.q) !== null;
  return (
    <div className={page.main}>
      <div className={classes.controls}>
        <GroupControls by={by} agg={agg} fields={fields} onChange={(part) => onChange({ ...part, order: '' })} />
        <span className={page.spring} />
        {table !== null && (
          <>
            <span className={`${page.count} num`}>
              <b>{formatCount(table.groups)}</b> {table.groups === 1 ? 'group' : 'groups'}
              {table.groups > table.rows.length && `, the first ${formatCount(table.rows.length)}`}
            </span>
            <Button
              variant="subtle"
              color="gray"
              px={6}
              aria-label="Download the table as CSV"
              title="Download the table as CSV"
              onClick={() => download('groups.csv', csv(table), 'text/csv')}
            >
              <IconDownload size={15} stroke={1.7} />
            </Button>
          </>
        )}
      </div>
      <StatsRemarks stats={data?.stats} />
      {isLoading ? (
        <Loading what="groups" />
      ) : error !== null ? (
        <Failure
          title={isFault ? 'The table cannot be made' : 'The lines could not be grouped'}
          error={error}
          {...(isFault ? {} : { onRetry: () => void refetch() })}
        />
      ) : table === null || table.rows.length === 0 ? (
        <LogsNothing q={query.q} onClear={onClear} />
      ) : (
        <Table
          table={table}
          keys={keys}
          order={order}
          isStale={isPlaceholderData}
          onOrder={(next) => onChange({ order: next })}
          onRow={(row) => onLines(rowTerms(by, row))}
        />
      )}
    </div>
  );
}

const csv = (table: GroupTable): string =>
  groupRows(table)
    .map((row) => `${row.map(csvField).join(',')}\r\n`)
    .join('');

interface TableProps {
  table: GroupTable;
  keys: number;
  order: string;
  isStale: boolean;
  onOrder: (order: string) => void;
  onRow: (row: Cell[]) => void;
}

const ROW_PX = 30;

function Table({ table, keys, order, isStale, onOrder, onRow }: TableProps) {
  const scroll = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: table.rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  // Without an order the server puts the largest of the first aggregate first.
  const shown = order === '' ? `-${table.columns[keys]?.name ?? ''}` : order;
  const columns = [
    ...table.columns.slice(0, keys).map(() => 'minmax(140px, 1.4fr)'),
    ...table.columns.slice(keys).map((_, index) => (index === 0 ? 'minmax(150px, 1fr)' : 'minmax(110px, 0.7fr)')),
  ].join(' ');
  return (
    <div ref={scroll} className={classes.scroll} role="table" aria-label="Groups" data-stale={isStale || undefined}>
      <div className={`${classes.row} ${classes.head}`} role="row" style={{ gridTemplateColumns: columns }}>
        {table.columns.map((column) => (
          <button
            type="button"
            role="columnheader"
            key={column.name}
            data-number={!column.isKey || undefined}
            title={column.name}
            onClick={() => onOrder(nextOrder(shown, column.name, column.isKey))}
          >
            <span>{column.name}</span>
            {shown === `-${column.name}` && <IconArrowDown size={12} />}
            {shown === column.name && <IconArrowUp size={12} />}
          </button>
        ))}
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const row = table.rows[item.index] ?? [];
          return (
            <button
              type="button"
              role="row"
              key={item.key}
              className={`${classes.row} ${classes.item}`}
              style={{ gridTemplateColumns: columns, top: item.start, height: ROW_PX }}
              title="Show these lines"
              onClick={() => onRow(row)}
            >
              {table.columns.map((column, index) => (
                <span
                  key={column.name}
                  role="cell"
                  className="num"
                  data-number={!column.isKey || undefined}
                  data-none={row[index] === null || undefined}
                >
                  {column.format(row[index] ?? null)}
                  {index === keys && <i style={{ width: `${(Number(row[index] ?? 0) / (table.most || 1)) * 100}%` }} />}
                </span>
              ))}
            </button>
          );
        })}
      </div>
    </div>
  );
}
