import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { ServiceTag } from '@/components/trace/ServiceTag';
import { formatCount, formatSeconds } from '@/lib/format';
import { quoteValue } from '@/model/trace/query';
import { groupSpans, sortGroups, type Group, type GroupBy, type GroupSort } from '@/model/trace/statistics';
import { HeadCell } from './HeadCell';
import type { TraceData } from './useTrace';
import classes from './Tables.module.css';

interface Props {
  data: TraceData;
  by: GroupBy;
  only: ReadonlySet<number> | null;
  onFind: (text: string) => void;
  onCount: (count: number) => void;
}

const ROW_PX = 30;
const NUMBERS: { key: GroupSort; title: string }[] = [
  { key: 'count', title: 'Spans' },
  { key: 'errors', title: 'Errors' },
  { key: 'total', title: 'Total' },
  { key: 'self', title: 'Own time' },
  { key: 'average', title: 'Average' },
  { key: 'p95', title: 'p95' },
  { key: 'max', title: 'Longest' },
];

export function GroupTable({ data, by, only, onFind, onCount }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<{ key: GroupSort; descending: boolean }>({ key: 'self', descending: true });
  const groups = useMemo(() => {
    const trace =
      only === null ? data.trace : { ...data.trace, spans: data.trace.spans.filter((span) => only.has(span.index)) };
    return sortGroups(groupSpans(trace, data.selfs, by), sort.key, sort.descending);
  }, [data, by, only, sort]);
  useEffect(() => onCount(groups.length), [groups.length, onCount]);
  const selfs = groups.reduce((sum, group) => sum + group.self, 0);
  const list = useVirtualizer({
    count: groups.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const orderOf = (key: GroupSort) => (sort.key === key ? (sort.descending ? 'down' : 'up') : null);
  const sortBy = (key: GroupSort): void =>
    setSort({ key, descending: sort.key === key ? !sort.descending : key !== 'title' });
  return (
    <div ref={scroll} className={classes.scroll} role="table" aria-label="Groups of spans" data-testid="group-table">
      <div className={`${classes.groupGrid} ${classes.head}`} role="row">
        <HeadCell title={TITLES[by]} isNumber={false} order={orderOf('title')} onClick={() => sortBy('title')} />
        {NUMBERS.map(({ key, title }) => (
          <HeadCell key={key} title={title} isNumber order={orderOf(key)} onClick={() => sortBy(key)} />
        ))}
        <span className={classes.shareHead}>Share of own time</span>
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const group = groups[item.index];
          if (group === undefined) return null;
          return (
            <div
              key={group.key}
              role="row"
              className={`${classes.groupGrid} ${classes.row}`}
              style={{ top: item.start }}
              {...(by === 'work' ? {} : opens('Find its spans', () => onFind(findText(group, by))))}
            >
              <Name group={group} by={by} />
              <span className="num">{formatCount(group.spans.length)}</span>
              <span className="num">
                {group.errors > 0 ? <em className={classes.bad}>{formatCount(group.errors)}</em> : <i>0</i>}
              </span>
              {([group.total, group.self, group.average, group.p95, group.max] as const).map((value, index) => (
                <span key={index} className="num">
                  {formatSeconds(value / 1e9)}
                </span>
              ))}
              <span className={classes.share}>
                <i style={{ width: `${selfs > 0 ? (group.self / selfs) * 100 : 0}%` }} />
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** A row that leads on, by the pointer and by the keyboard. */
function opens(title: string, run: () => void) {
  return {
    title,
    tabIndex: 0,
    onClick: run,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      run();
    },
  };
}

const TITLES: Record<GroupBy, string> = { service: 'Service', operation: 'Operation', work: 'Kind of work' };

function Name({ group, by }: { group: Group; by: GroupBy }) {
  if (by === 'work') return <b>{group.title}</b>;
  if (by === 'service') return <ServiceTag name={group.title} />;
  return (
    <span className={classes.operation} title={`${group.service ?? ''}: ${group.title}`}>
      <ServiceTag name={group.service ?? ''} />
      <span>{group.title}</span>
    </span>
  );
}

function findText(group: Group, by: GroupBy): string {
  const service = `service=${quoteValue(group.service ?? '')}`;
  return by === 'service' ? service : `${service} name=${quoteValue(group.title)}`;
}
