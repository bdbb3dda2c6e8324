// The rows of one table: columns as wide as what stands in them, the value always in sight.
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Fragment, useMemo, useRef, type CSSProperties } from 'react';
import type { Labels } from '@/api/query';
import { MiddleText } from '@/components/common/MiddleText';
import { CopyButton } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { formatValue, type Unit } from '@/lib/format';
import { labelName, NAME, printSeries, quote } from '@/model/labels';
import { FOLDED_CHARS_MIN, layoutTable, printFolded, widthOf, type TableLayout } from '@/model/tableLayout';
import { printMoment } from '@/model/timeRange';
import { VALUE, type Row, type Sort, type VectorTable } from '@/model/vector';
import { HistogramBars } from './HistogramBars';
import classes from './TableView.module.css';

/** With histograms, rows are as high as their bars. */
const ROW_PX = 30;
const ROW_BARS_PX = 48;
/** JetBrains Mono at 12 px. */
const CHAR_PX = 7.3;
const GAP_PX = 16;
/** Padding of a row at both sides, and the button that copies it. */
const ROW_EXTRA_PX = 20;
const COPY_PX = 34;
const TIME_PX = 150;
const VALUE_PX_MIN = 90;
const BARS_PX = 380;
/** The first rows tell how wide the values are. */
const MEASURED_MAX = 2000;

interface Props {
  table: VectorTable;
  rows: readonly Row[];
  unit: Unit;
  sort: Sort | null;
  onSort: (key: string) => void;
}

export function TableGrid({ table, rows, unit, sort, onSort }: Props) {
  const { utc } = useTime();
  const scroll = useRef<HTMLDivElement>(null);
  const { ref: sized, width } = useElementSize();
  const box = useMergedRef(scroll, sized);
  const hasBars = table.rows.some((row) => row.histogram !== null);
  const isMatrix = table.kind === 'matrix';
  const height = hasBars ? ROW_BARS_PX : ROW_PX;
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    overscan: 10,
  });
  const { layout, style } = useColumns(table, unit, hasBars, width);

  return (
    <div ref={box} className={classes.scroll}>
      <div className={classes.head} style={style} role="row">
        {layout.columns.map(({ name }) => (
          <Head key={name} name={name} title={name === NAME ? 'metric' : labelName(name)} sort={sort} onSort={onSort} />
        ))}
        {layout.folded.length > 0 && <span title={layout.folded.join(', ')}>labels</span>}
        {isMatrix && <span>time</span>}
        <div className={classes.end}>
          <Head name={VALUE} title="value" sort={sort} onSort={onSort} isRight />
        </div>
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div key={item.key} className={classes.row} role="row" style={{ ...style, top: item.start, height }}>
              {layout.columns.map(({ name }) =>
                name === NAME ? (
                  <MiddleText key={name} text={row.labels[name] ?? ''} />
                ) : (
                  <code key={name} title={row.labels[name]}>
                    {row.labels[name] ?? ''}
                  </code>
                ),
              )}
              {layout.folded.length > 0 && <Folded labels={row.labels} names={layout.folded} />}
              {isMatrix && <span className="date muted">{printMoment(row.time * 1000, utc)}</span>}
              <div className={classes.end}>
                <Value row={row} unit={unit} />
                <CopyButton text={`${printSeries(row.labels)} ${row.text}`} label="Copy the row" />
              </div>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Rows are grids of their own: their columns are fixed together, and what is left over is shared by width. */
function useColumns(
  table: VectorTable,
  unit: Unit,
  hasBars: boolean,
  width: number,
): { layout: TableLayout; style: CSSProperties } {
  return useMemo(() => {
    const value = hasBars ? BARS_PX : Math.max(VALUE_PX_MIN, longestValue(table.rows, unit) * CHAR_PX);
    const fixed = ROW_EXTRA_PX + value + COPY_PX + (table.kind === 'matrix' ? TIME_PX + GAP_PX : 0);
    const room = width === 0 ? Infinity : (width - fixed) / CHAR_PX;
    const layout = layoutTable(table.rows, table.shape.varying, room, GAP_PX / CHAR_PX);
    const shared = (chars: number, least: number): string => `minmax(${Math.ceil(least * CHAR_PX)}px, ${chars}fr)`;
    const columns = layout.columns.map(({ chars }) => shared(chars, chars));
    const folded = layout.foldedChars;
    if (folded > 0) columns.push(shared(folded, Math.min(folded, FOLDED_CHARS_MIN)));
    if (table.kind === 'matrix') columns.push(`${TIME_PX}px`);
    columns.push(columns.length === 0 ? '1fr' : `${Math.ceil(value + COPY_PX)}px`);
    return {
      layout,
      style: {
        gridTemplateColumns: columns.join(' '),
        minWidth: Math.ceil(fixed + widthOf(layout, GAP_PX / CHAR_PX) * CHAR_PX),
      },
    };
  }, [table, unit, hasBars, width]);
}

function longestValue(rows: readonly Row[], unit: Unit): number {
  return rows
    .slice(0, MEASURED_MAX)
    .reduce(
      (most, row) => Math.max(most, Number.isNaN(row.value) ? row.text.length : formatValue(row.value, unit).length),
      0,
    );
}

function Folded({ labels, names }: { labels: Labels; names: readonly string[] }) {
  const there = names.filter((name) => labels[name] !== undefined);
  return (
    <code className={classes.folded} title={printFolded(labels, names)}>
      {there.map((name) => (
        <Fragment key={name}>
          <span>{labelName(name)}=</span>
          {quote(labels[name] ?? '')}{' '}
        </Fragment>
      ))}
    </code>
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
