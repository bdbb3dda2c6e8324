// The lines as a table: what each is and what it did. Click shows one alone; Ctrl or ⌘ adds and takes away.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { CopyButton } from '@/components/common/PageState';
import { formatCount, formatValue } from '@/lib/format';
import { planAxes, sideOf, type Chart, type ChartSeries, type Stats } from '@/model/chart';
import { printSeries } from '@/model/labels';
import { colourOf, dashOf } from './palette';
import classes from './Legend.module.css';

interface Props {
  chart: Chart;
  isolated: ReadonlySet<string> | null;
  note: string | null;
  onHover: (key: string | null) => void;
  onIsolate: (key: string, isToggle: boolean) => void;
}

type Column = keyof Stats;
const COLUMNS: Column[] = ['last', 'min', 'max', 'avg'];
const ROW_PX = 26;

export function Legend({ chart, isolated, note, onHover, onIsolate }: Props) {
  const [sort, setSort] = useState<Column | null>(null);
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => ordered(chart.series, sort), [chart.series, sort]);
  const axes = useMemo(() => planAxes(chart.series), [chart.series]);
  const several = new Set(chart.series.map((one) => one.query)).size > 1;
  // The table virtualiser gives functions that must not be memoised; this component does not memoise.
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });

  return (
    <div className={classes.legend} data-testid="legend" onMouseLeave={() => onHover(null)}>
      <div ref={scroll} className={classes.scroll}>
        <div className={classes.head}>
          <span>
            {formatCount(chart.series.length)} series
            {note !== null && <em> · {note}</em>}
          </span>
          {COLUMNS.map((column) => (
            <button
              type="button"
              key={column}
              data-active={sort === column || undefined}
              onClick={() => setSort(sort === column ? null : column)}
            >
              {column}
              {sort === column ? ' ↓' : ''}
            </button>
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
                isRight={sideOf(row.series.unit, axes) === 'right'}
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

interface Row {
  series: ChartSeries;
  /** In the chart, where it decides the colour. */
  index: number;
}

function ordered(series: readonly ChartSeries[], sort: Column | null): Row[] {
  const rows = series.map((one, index) => ({ series: one, index }));
  if (sort === null) return rows;
  const size = (row: Row): number => (Number.isNaN(row.series.stats[sort]) ? -Infinity : row.series.stats[sort]);
  return rows.sort((a, b) => size(b) - size(a));
}

interface RowProps {
  row: Row;
  top: number;
  several: boolean;
  isRight: boolean;
  isOff: boolean;
  onHover: (key: string | null) => void;
  onIsolate: (key: string, isToggle: boolean) => void;
}

function LegendRow({ row, top, several, isRight, isOff, onHover, onIsolate }: RowProps) {
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
        {isRight && <small>right axis</small>}
      </button>
      {COLUMNS.map((column) => (
        <span key={column} className="num">
          {Number.isNaN(series.stats[column]) ? '–' : formatValue(series.stats[column], series.unit)}
        </span>
      ))}
      <CopyButton text={full} label="Copy the selector" />
    </div>
  );
}
