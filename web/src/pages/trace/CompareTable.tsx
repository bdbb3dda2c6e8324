import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Empty } from '@/components/common/PageState';
import { ServiceTag } from '@/components/trace/ServiceTag';
import { formatCount, formatSeconds } from '@/lib/format';
import type { Change, CompareRow, Side } from '@/model/trace/compare';
import { indentOf } from '@/model/trace/rows';
import classes from './Compare.module.css';

export const CHANGES: { change: Change; title: string }[] = [
  { change: 'added', title: 'Only in B' },
  { change: 'removed', title: 'Only in A' },
  { change: 'slower', title: 'Slower' },
  { change: 'faster', title: 'Faster' },
  { change: 'more', title: 'More often' },
  { change: 'fewer', title: 'Less often' },
  { change: 'same', title: 'Alike' },
];

const TITLES = new Map(CHANGES.map(({ change, title }) => [change, title]));
const ROW_PX = 30;

interface Props {
  rows: readonly CompareRow[];
  /** All rows are here, so that levels can be shown. */
  isTree: boolean;
}

export function CompareTable({ rows, isTree }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const most = rows.reduce((max, row) => Math.max(max, Math.abs(row.by)), 1);
  const deepest = rows.reduce((max, row) => Math.max(max, row.depth + 1), 1);
  if (rows.length === 0) return <Empty title="Nothing to compare" />;
  return (
    <div ref={scroll} className={classes.scroll} data-testid="compare-table">
      <div className={`${classes.grid} ${classes.head}`} role="row">
        <span>Operation</span>
        <span>Change</span>
        <span>Spans A</span>
        <span>Spans B</span>
        <span>Time A</span>
        <span>Time B</span>
        <span>Difference</span>
        <span />
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const indent = isTree ? indentOf(row.depth, deepest) : 0;
          return (
            <div
              key={row.key}
              role="row"
              className={`${classes.grid} ${classes.row}`}
              data-change={row.change}
              style={{ top: item.start }}
            >
              <span className={classes.name} style={{ paddingLeft: indent }} title={`${row.service}: ${row.name}`}>
                <ServiceTag name={row.service} />
                <span>{row.name}</span>
              </span>
              <span className={classes.change}>{TITLES.get(row.change)}</span>
              <Counted side={row.before} />
              <Counted side={row.after} />
              <Taken side={row.before} />
              <Taken side={row.after} />
              <span className="num" data-worse={(row.by > 0 && row.change !== 'same') || undefined}>
                {row.by === 0 ? '0' : `${row.by > 0 ? '+' : '−'}${formatSeconds(Math.abs(row.by) / 1e9)}`}
              </span>
              <span className={classes.delta}>
                <i
                  data-worse={row.by > 0 || undefined}
                  style={{
                    width: `${(Math.abs(row.by) / most) * 50}%`,
                    ...(row.by > 0 ? { left: '50%' } : { right: '50%' }),
                  }}
                />
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Counted({ side }: { side: Side | null }) {
  return <span className="num">{side === null ? <i>–</i> : formatCount(side.count)}</span>;
}

function Taken({ side }: { side: Side | null }) {
  return <span className="num">{side === null ? <i>–</i> : formatSeconds(side.total / 1e9)}</span>;
}
