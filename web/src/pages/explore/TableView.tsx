import { TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconSearch } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { CopyButton, Empty } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { formatCount, formatValue, type Unit } from '@/lib/format';
import { labelName, NAME, printSeries, quote } from '@/model/labels';
import { printMoment } from '@/model/timeRange';
import { buildTable, filterRows, sortRows, VALUE, type Row, type Sort, type VectorTable } from '@/model/vector';
import { HistogramBars } from './HistogramBars';
import type { ExploreUnits, Result } from './results';
import classes from './TableView.module.css';

/** With histograms, rows are as high as their bars. */
const ROW_PX = 30;
const ROW_BARS_PX = 48;

export function TableView({ results, units }: { results: Result[]; units: ExploreUnits }) {
  return (
    <div className={classes.tables} data-single={results.length === 1 || undefined}>
      {results.map((result) => (
        <OneTable
          key={result.letter}
          result={result}
          unit={units.get(result.expr) ?? 'none'}
          several={results.length > 1}
        />
      ))}
    </div>
  );
}

function OneTable({ result, unit, several }: { result: Result; unit: Unit; several: boolean }) {
  const data = result.answer?.data;
  const table = useMemo(() => (data === undefined ? null : buildTable(data)), [data]);
  const [sort, setSort] = useState<Sort | null>(null);
  const [text, setText] = useState('');
  const rows = useMemo(() => {
    if (table === null) return [];
    const found = filterRows(table.rows, text);
    return sort === null ? found : sortRows(found, sort);
  }, [table, sort, text]);
  if (table === null) return null;
  if (table.rows.length === 0) {
    return (
      <Empty title={several ? `${result.letter} is empty` : 'No series at this moment'}>
        The query is right and matches nothing at the end of the time range.
      </Empty>
    );
  }
  return (
    <section className={classes.table} aria-label={`Table ${result.letter}`}>
      <div className={classes.top}>
        {several && <b>{result.letter}</b>}
        <span className="num">
          {text === '' ? '' : `${formatCount(rows.length)} of `}
          {formatCount(table.rows.length)}{' '}
          {table.kind === 'matrix' ? 'samples' : table.rows.length === 1 ? 'row' : 'rows'}
        </span>
        <Common table={table} />
        <TextInput
          aria-label="Filter rows"
          placeholder="Filter: job=node"
          leftSection={<IconSearch size={13} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <Grid table={table} rows={rows} unit={unit} sort={sort} onSort={(key) => setSort(nextSort(sort, key))} />
    </section>
  );
}

/** First as the reader of the column expects: values from the top, labels from A. Then the other way, then as it came. */
function nextSort(sort: Sort | null, key: string): Sort | null {
  const first = key === VALUE;
  if (sort?.key !== key) return { key, descending: first };
  return sort.descending === first ? { key, descending: !first } : null;
}

/** What every row shares is said once. */
function Common({ table }: { table: VectorTable }) {
  const pairs = Object.entries(table.shape.common).filter(([name]) => name !== NAME);
  const name = table.shape.common[NAME];
  if (name === undefined && pairs.length === 0) return <span className={classes.common} />;
  return (
    <span className={classes.common} title="What all rows share">
      {name !== undefined && <code className={classes.metric}>{name}</code>}
      {pairs.map(([label, value]) => (
        <code key={label}>
          <span>{label}</span>={quote(value)}
        </code>
      ))}
    </span>
  );
}

interface GridProps {
  table: VectorTable;
  rows: readonly Row[];
  unit: Unit;
  sort: Sort | null;
  onSort: (key: string) => void;
}

function Grid({ table, rows, unit, sort, onSort }: GridProps) {
  const { utc } = useTime();
  const scroll = useRef<HTMLDivElement>(null);
  const hasBars = table.rows.some((row) => row.histogram !== null);
  const isMatrix = table.kind === 'matrix';
  const height = hasBars ? ROW_BARS_PX : ROW_PX;
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    overscan: 10,
  });
  const columns = `${table.shape.varying.map(() => 'minmax(90px, 1fr)').join(' ')} ${isMatrix ? '170px' : ''} minmax(${hasBars ? 360 : 140}px, ${table.shape.varying.length === 0 ? '1fr' : 'auto'}) 32px`;
  // A common width for the rows: `auto` would measure each for itself.
  const template = columns.replace(', auto)', hasBars ? ', 1.4fr)' : ', 0.8fr)');

  return (
    <div ref={scroll} className={classes.scroll}>
      <div className={classes.head} style={{ gridTemplateColumns: template }} role="row">
        {table.shape.varying.map((name) => (
          <Head key={name} name={name} title={name === NAME ? 'metric' : labelName(name)} sort={sort} onSort={onSort} />
        ))}
        {isMatrix && <span>time</span>}
        <Head name={VALUE} title="value" sort={sort} onSort={onSort} isRight />
        <span />
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={item.key}
              className={classes.row}
              role="row"
              style={{ top: item.start, height, gridTemplateColumns: template }}
            >
              {table.shape.varying.map((name) => (
                <code key={name} title={row.labels[name]}>
                  {row.labels[name] ?? ''}
                </code>
              ))}
              {isMatrix && <span className="num muted">{printMoment(row.time * 1000, utc)}</span>}
              <Value row={row} unit={unit} />
              <CopyButton text={`${printSeries(row.labels)} ${row.text}`} label="Copy the row" />
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface HeadProps {
  name: string;
  title: string;
  sort: Sort | null;
  onSort: (key: string) => void;
  isRight?: boolean;
}

function Head({ name, title, sort, onSort, isRight }: HeadProps) {
  const Arrow = sort?.descending === true ? IconArrowDown : IconArrowUp;
  return (
    <button
      type="button"
      data-right={isRight}
      onClick={() => onSort(name)}
      data-active={sort?.key === name || undefined}
    >
      {title}
      {sort?.key === name && <Arrow size={12} />}
    </button>
  );
}

function Value({ row, unit }: { row: Row; unit: Unit }) {
  if (row.histogram !== null) return <HistogramBars histogram={row.histogram} unit={unit} />;
  if (Number.isNaN(row.value)) return <b className="num">{row.text}</b>;
  return (
    <b className="num" title={row.text}>
      {formatValue(row.value, unit)}
    </b>
  );
}
