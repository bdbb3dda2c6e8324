import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { formatCount, type Unit } from '@/lib/format';
import { NAME, quote } from '@/model/labels';
import { buildTable, filterRows, sortRows, VALUE, type Sort, type VectorTable } from '@/model/vector';
import { NoSamples } from './NoSamples';
import type { ExploreUnits, Result } from './results';
import { TableGrid } from './TableGrid';
import classes from './TableView.module.css';

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
      <NoSamples exprs={[result.expr]} title={several ? `${result.letter} is empty` : 'No series at this moment'}>
        The query is right and matches nothing at the end of the time range.
      </NoSamples>
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
      <TableGrid table={table} rows={rows} unit={unit} sort={sort} onSort={(key) => setSort(nextSort(sort, key))} />
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
