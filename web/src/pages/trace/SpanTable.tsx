import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useShortcuts } from '@/components/shell/keys';
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
  /** Chooses it. */
  onGo: (span: number) => void;
  /** Chooses it and shows it beside. */
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

export function SpanTable({ data, only, chosen, onGo, onChoose, onCount }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<{ key: SpanSort; descending: boolean }>({ key: 'duration', descending: true });
  const spans = useMemo(() => {
    const meant = only === null ? data.trace.spans : data.trace.spans.filter((span) => only.has(span.index));
    return sortSpans(meant, data.selfs, sort.key, sort.descending);
  }, [data, only, sort]);
  const list = useVirtualizer({
    count: spans.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const step = (by: 1 | -1): void => {
    const at = spans.findIndex((span) => span.index === chosen);
    const next = at < 0 ? (by > 0 ? 0 : spans.length - 1) : Math.min(spans.length - 1, Math.max(0, at + by));
    const span = spans[next];
    if (span === undefined) return;
    list.scrollToIndex(next);
    onGo(span.index);
  };
  const key = (keys: string, title: string, by: 1 | -1) => ({ keys, title, group: 'Trace', run: () => step(by) });
  useShortcuts([
    key('j', 'Next span', 1),
    key('k', 'Span before', -1),
    key('arrowdown', 'Next span', 1),
    key('arrowup', 'Span before', -1),
  ]);
  useEffect(() => onCount(spans.length), [spans.length, onCount]);
  return (
    <div ref={scroll} className={classes.scroll} role="table" aria-label="Spans" data-testid="span-table">
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
              <ServiceTag name={span.service} />
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
