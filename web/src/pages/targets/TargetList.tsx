import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { WireTarget } from '@/api/targets';
import { StateMark } from '@/components/common/StateMark';
import type { Cell } from '@/model/healthStrip';
import type { Pool } from '@/model/target';
import { TargetRow } from './TargetRow';
import classes from './Targets.module.css';

type Item = { kind: 'pool'; pool: Pool } | { kind: 'target'; target: WireTarget };

const POOL_PX = 36;
const TARGET_PX = 36;

export function TargetList({ pools, strips }: { pools: Pool[]; strips: Map<string, Cell[]> }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const scroll = useRef<HTMLDivElement>(null);
  const items = useMemo(() => flatten(pools, closed), [pools, closed]);
  const list = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => (items[index]?.kind === 'pool' ? POOL_PX : TARGET_PX),
    getItemKey: (index) => keyOf(items[index]),
    overscan: 8,
  });

  return (
    <div ref={scroll} className={classes.scroll}>
      <div className={`${classes.grid} ${classes.head}`}>
        <span>State</span>
        <span>Endpoint</span>
        <span>Labels</span>
        <span>Up, over the time range</span>
        <span>Last scrape</span>
        <span>Took</span>
        <span />
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((virtual) => {
          const item = items[virtual.index];
          if (item === undefined) return null;
          return (
            <div
              key={virtual.key}
              ref={list.measureElement}
              data-index={virtual.index}
              className={classes.item}
              style={{ transform: `translateY(${virtual.start}px)` }}
            >
              {item.kind === 'pool' ? (
                <PoolHead
                  pool={item.pool}
                  isClosed={closed.has(item.pool.name)}
                  onToggle={() => setClosed(toggled(closed, item.pool.name))}
                />
              ) : (
                <TargetRow
                  target={item.target}
                  strips={strips}
                  isOpen={open.has(keyOf(item))}
                  onToggle={() => setOpen(toggled(open, keyOf(item)))}
                />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function flatten(pools: readonly Pool[], closed: ReadonlySet<string>): Item[] {
  return pools.flatMap((pool): Item[] => [
    { kind: 'pool', pool },
    ...(closed.has(pool.name) ? [] : pool.targets.map((target): Item => ({ kind: 'target', target }))),
  ]);
}

function keyOf(item: Item | undefined): string {
  if (item === undefined) return '';
  if (item.kind === 'pool') return `pool ${item.pool.name}`;
  return `${item.target.scrapePool} ${item.target.scrapeUrl} ${JSON.stringify(item.target.labels)}`;
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}

function PoolHead({ pool, isClosed, onToggle }: { pool: Pool; isClosed: boolean; onToggle: () => void }) {
  const { up, down, unknown } = pool.counts;
  const state = down > 0 ? 'down' : unknown > 0 ? 'unknown' : 'up';
  return (
    <button type="button" className={classes.pool} aria-expanded={!isClosed} onClick={onToggle}>
      <i data-closed={isClosed || undefined}>▾</i>
      <b>{pool.name}</b>
      <StateMark state={state} word={`${up} of ${up + down + unknown} up`} />
    </button>
  );
}
