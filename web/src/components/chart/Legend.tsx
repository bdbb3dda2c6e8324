// The lines as a table: what each is and what it did. Click shows one alone; Ctrl or ⌘ adds and takes away.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState, type CSSProperties } from 'react';
import { CopyButton } from '@/components/common/PageState';
import { formatCount, type Unit } from '@/lib/format';
import { sideOf, type Axes, type Chart } from '@/model/chart';
import { printSeries } from '@/model/labels';
import {
  FIRST_SORT,
  nextSort,
  numberWidth,
  printStat,
  sortRows,
  STATS,
  type LegendColumn,
  type LegendEntry,
  type LegendSort,
} from './legendRows';
import { colourOf, dashOf } from './palette';
import classes from './Legend.module.css';

interface Props {
  chart: Chart;
  /** From top to bottom. */
  graphs: readonly Axes[];
  isolated: ReadonlySet<string> | null;
  note: string | null;
  onHover: (key: string | null) => void;
  onIsolate: (key: string, isToggle: boolean) => void;
}

const ROW_PX = 26;
/** Of tabular figures at 12 px, and what stands beside the number. */
const DIGIT_PX = 7.2;
const CELL_PADDING_PX = 18;
const CELL_PX_MIN = 104;

export function Legend({ chart, graphs, isolated, note, onHover, onIsolate }: Props) {
  const [sort, setSort] = useState(FIRST_SORT);
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => sortRows(chart.series, sort), [chart.series, sort]);
  const cell = useMemo(
    () => Math.max(CELL_PX_MIN, Math.ceil(numberWidth(chart.series) * DIGIT_PX) + CELL_PADDING_PX),
    [chart.series],
  );
  const several = new Set(chart.series.map((one) => one.query)).size > 1;
  // The table virtualiser gives functions that must not be memoised; this component does not memoise.
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });

  return (
    <div
      className={classes.legend}
      style={{ '--cell': `${cell}px` } as CSSProperties}
      data-testid="legend"
      onMouseLeave={() => onHover(null)}
    >
      <div ref={scroll} className={classes.scroll}>
        <div className={classes.head}>
          <span className={classes.first}>
            <SortButton
              column="name"
              title={`${formatCount(chart.series.length)} series`}
              sort={sort}
              onSort={setSort}
            />
            {note !== null && <em title={note}>{note}</em>}
          </span>
          {STATS.map((column) => (
            <SortButton key={column} column={column} title={column} sort={sort} onSort={setSort} />
          ))}
          <span />
        </div>
        <div style={{ height: list.getTotalSize(), position: 'relative' }}>
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <LegendRow
                key={row.series.key}
                row={row}
                top={item.start}
                several={several}
                place={placeOf(row.series.unit, graphs)}
                isOff={isolated !== null && !isolated.has(row.series.key)}
                onHover={onHover}
                onIsolate={onIsolate}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function placeOf(unit: Unit, graphs: readonly Axes[]): string | null {
  const at = graphs.findIndex((axes) => sideOf(unit, axes) !== null);
  const axes = graphs[at];
  if (axes === undefined) return null;
  const graph = at === 0 ? [] : [graphs.length === 2 ? 'lower graph' : `graph ${at + 1}`];
  const parts = [...graph, ...(sideOf(unit, axes) === 'right' ? ['right axis'] : [])];
  return parts.length === 0 ? null : parts.join(', ');
}

interface SortProps {
  column: LegendColumn;
  title: string;
  sort: LegendSort;
  onSort: (sort: LegendSort) => void;
}

function SortButton({ column, title, sort, onSort }: SortProps) {
  const isActive = sort.by === column;
  return (
    <button
      type="button"
      data-active={isActive || undefined}
      title={column === 'name' ? 'Sort by name' : `Sort by ${column}`}
      onClick={() => onSort(nextSort(sort, column))}
    >
      {title}
      {isActive && <span aria-hidden>{sort.isDescending ? ' ↓' : ' ↑'}</span>}
    </button>
  );
}

interface RowProps {
  row: LegendEntry;
  top: number;
  several: boolean;
  /** Where its axis is, when not at the left of the first graph. */
  place: string | null;
  isOff: boolean;
  onHover: (key: string | null) => void;
  onIsolate: (key: string, isToggle: boolean) => void;
}

function LegendRow({ row, top, several, place, isOff, onHover, onIsolate }: RowProps) {
  const { series, index } = row;
  const full = printSeries(series.labels);
  const isDashed = dashOf(index).length > 0;
  return (
    <div
      className={classes.row}
      style={{ top, height: ROW_PX }}
      data-off={isOff || undefined}
      onMouseEnter={() => onHover(series.key)}
    >
      <button
        type="button"
        className={classes.name}
        title={full}
        aria-pressed={!isOff}
        onClick={(event) => onIsolate(series.key, event.ctrlKey || event.metaKey)}
      >
        <i className={classes.swatch} data-dashed={isDashed || undefined} style={{ color: colourOf(index) }} />
        {several && <b>{series.query}</b>}
        <code>{series.name}</code>
        {place !== null && <small>{place}</small>}
      </button>
      {STATS.map((column) => (
        <span key={column} className={series.unit === 'timestamp' ? undefined : 'num'}>
          {printStat(series.stats[column], series.unit)}
        </span>
      ))}
      <CopyButton text={full} label="Copy the selector" />
    </div>
  );
}
