import { IconChevronRight } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import type { WireDroppedTarget } from '@/api/targets';
import { LabelList } from '@/components/common/LabelList';
import { Empty } from '@/components/common/PageState';
import { StateMark } from '@/components/common/StateMark';
import { formatCount } from '@/lib/format';
import { poolOfDropped } from '@/model/target';
import { TargetDetail } from './TargetDetail';
import classes from './Targets.module.css';

interface Props {
  targets: WireDroppedTarget[];
  /** How many the server lists and how many it dropped: it may keep only some. */
  listed: number;
  counted: number;
}

export function DroppedList({ targets, listed, counted }: Props) {
  const [open, setOpen] = useState<number | null>(null);
  const scroll = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: targets.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 36,
    overscan: 10,
  });
  if (targets.length === 0) {
    return (
      <Empty title="No target was dropped">
        Targets that relabeling drops are listed here, with the step that did it.
      </Empty>
    );
  }
  return (
    <>
      {counted > listed && (
        <p className={classes.note}>
          {formatCount(counted)} were dropped, {formatCount(listed)} are kept: <code>keep_dropped_targets</code> limits
          them.
        </p>
      )}
      <div ref={scroll} className={classes.scroll}>
        <div className={`${classes.droppedGrid} ${classes.head}`}>
          <span>Pool</span>
          <span>Address</span>
          <span>Discovered labels</span>
          <span />
        </div>
        <div style={{ height: list.getTotalSize(), position: 'relative' }}>
          {list.getVirtualItems().map((item) => {
            const target = targets[item.index];
            if (target === undefined) return null;
            const isOpen = open === item.index;
            return (
              <div
                key={item.key}
                ref={list.measureElement}
                data-index={item.index}
                className={classes.item}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <div className={classes.target} data-open={isOpen || undefined}>
                  <div className={classes.droppedGrid} onClick={() => setOpen(isOpen ? null : item.index)}>
                    <StateMark state="dropped" word={poolOfDropped(target)} />
                    <code>{target.discoveredLabels['__address__'] ?? ''}</code>
                    <LabelList labels={withoutAddress(target.discoveredLabels)} />
                    <button
                      type="button"
                      className={classes.more}
                      aria-expanded={isOpen}
                      aria-label="Labels and relabeling"
                    >
                      <IconChevronRight size={15} />
                    </button>
                  </div>
                  {isOpen && (
                    <TargetDetail pool={poolOfDropped(target)} discovered={target.discoveredLabels} final={null} />
                  )}
                </div>
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}

function withoutAddress(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== '__address__'));
}
