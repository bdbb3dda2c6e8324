import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ServiceTag } from '@/components/trace/ServiceTag';
import { formatSeconds } from '@/lib/format';
import { sortSpans, type SpanSort } from '@/model/trace/statistics';
import { HeadCell } from './HeadCell';
import type { TraceData } from './useTrace';
import classes from './Tables.module.css';

interface Props {
  data: TraceData;
  only: ReadonlySet<number> | null;
  chosen: number | null;
  onChoose: (span: number) => void;
  onCount: (count: number) => void;
}

const ROW_PX = 30;
const COLUMNS: { key: SpanSort; title: string; isNumber?: boolean }[] = [
  { key: 'service', title: 'Service' },
  { key: 'name', title: 'Operation' },
  { key: 'start', title: 'Start', isNumber: true },
  { key: 'duration', title: 'Duration', isNumber: true },
  { key: 'self', title: 'Own time', isNumber: true },
  { key: 'status', title: 'Status' },
];

export function SpanTable({ data, only, chosen, onChoose, onCount }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<{ key: SpanSort; descending: boolean }>({ key: 'duration', descending: true });
  const spans = useMemo(() => {
    const meant = only === null ? data.trace.spans : data.trace.spans.filter((span) => only.has(span.index));
    return sortSpans(meant, data.selfs, sort.key, sort.descending);
  }, [data, only, sort]);
  useEffect(() => onCount(spans.length), [spans.length, onCount]);
  const list = useVirtualizer({
    count: spans.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  return (
    <div ref={scroll} className={classes.scroll} data-testid="span-table">
      <div className={`${classes.spanGrid} ${classes.head}`} role="row">
        {COLUMNS.map((column) => (
          <HeadCell
            key={column.key}
            title={column.title}
            isNumber={column.isNumber === true}
            order={sort.key === column.key ? (sort.descending ? 'down' : 'up') : null}
            onClick={() =>
              setSort({
                key: column.key,
                descending:
                  sort.key === column.key ? !sort.descending : column.isNumber === true || column.key === 'status',
              })
            }
          />
        ))}
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const span = spans[item.index];
          if (span === undefined) return null;
          return (
            <div
              key={span.index}
              role="row"
              className={`${classes.spanGrid} ${classes.row}`}
              style={{ top: item.start }}
              data-chosen={chosen === span.index || undefined}
              onClick={() => onChoose(span.index)}
            >
              <ServiceTag name={span.service} colour={data.colours.get(span.service) ?? 0} />
              <span title={span.name}>{span.name}</span>
              <span className="num">+{formatSeconds(span.start / 1e9)}</span>
              <b className="num">{formatSeconds(span.duration / 1e9)}</b>
              <span className="num">{formatSeconds((data.selfs[span.index] ?? 0) / 1e9)}</span>
              <span>
                {span.isError ? (
                  <em className={classes.bad}>
                    <IconAlertTriangleFilled size={13} /> error
                  </em>
                ) : (
                  <span className="muted">{span.wire.status ?? 'unset'}</span>
                )}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
