// The lines found: only those on the screen are drawn, more come while scrolling. The keys walk through them.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { LogDetail, type LineActions } from '@/components/logs/LogDetail';
import { LogRow, type RowLook } from '@/components/logs/LogRow';
import { useShortcuts } from '@/components/shell/keys';
import type { Line } from '@/model/logs/line';
import rows from '@/components/logs/Logs.module.css';
import classes from './Logs.module.css';

interface Props {
  lines: readonly Line[];
  look: RowLook;
  actions: LineActions;
  /** Stands below the last line. */
  foot: ReactNode;
  onNearEnd: () => void;
  /** Whether the list stands at its top. */
  onTop?: (isTop: boolean) => void;
  /** The id of the line that is open, and in sight, from the start. */
  first?: string | null;
  /** The line opened last; null when that was closed again. */
  onOpen?: (id: string | null) => void;
}

const ROW_PX = 22;
/** So many lines before the end the next are asked for. */
const AHEAD = 60;

export function LineList({ lines, look, actions, foot, onNearEnd, onTop, first = null, onOpen }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(first === null ? [] : [first]));
  const [active, setActive] = useState<string | null>(first);
  const list = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => lines[index]?.id ?? index,
    overscan: 20,
  });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lines.length > 0 && last >= lines.length - AHEAD) onNearEnd();
    // Only moving or growing asks for more.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [last, lines.length]);

  // Where it is once: what comes later is scrolled by hand.
  useEffect(() => {
    const at = first === null ? -1 : lines.findIndex((line) => line.id === first);
    if (at > 0) list.scrollToIndex(at, { align: 'center' });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const toggle = (id: string): void => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
    setActive(id);
    onOpen?.(next.has(id) ? id : null);
  };
  const move = (by: number): void => {
    const at = lines.findIndex((line) => line.id === active);
    const top = items.find((item) => item.start >= (scroll.current?.scrollTop ?? 0))?.index ?? 0;
    const next = at < 0 ? top : Math.min(lines.length - 1, Math.max(0, at + by));
    const line = lines[next];
    if (line === undefined) return;
    setActive(line.id);
    list.scrollToIndex(next);
    scroll.current?.focus({ preventScroll: true });
  };
  useShortcuts([
    { keys: 'j', title: 'Next line', group: 'Logs', run: () => move(1) },
    { keys: 'k', title: 'Line before', group: 'Logs', run: () => move(-1) },
    {
      keys: 'escape',
      title: 'Close all lines',
      group: 'Logs',
      run: () => {
        setOpen(new Set());
        setActive(null);
        onOpen?.(null);
      },
    },
  ]);

  return (
    <div
      ref={scroll}
      className={classes.scroll}
      tabIndex={0}
      role="region"
      aria-label="Log lines"
      data-testid="log-lines"
      onScroll={(event) => onTop?.(event.currentTarget.scrollTop < 8)}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return;
        if (event.key === 'Enter' && active !== null) toggle(active);
        else if (event.key === 'ArrowDown') move(1);
        else if (event.key === 'ArrowUp') move(-1);
        else return;
        event.preventDefault();
      }}
    >
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const line = lines[item.index];
          if (line === undefined) return null;
          const isOpen = open.has(line.id);
          return (
            <div
              key={item.key}
              ref={list.measureElement}
              data-index={item.index}
              className={`${classes.item} ${rows.line}`}
              style={{ transform: `translateY(${item.start}px)` }}
              data-open={isOpen || undefined}
              data-active={active === line.id || undefined}
            >
              <LogRow line={line} look={look} isOpen={isOpen} onClick={() => toggle(line.id)} />
              {isOpen && <LogDetail line={line} utc={look.utc} pattern={look.pattern} actions={actions} />}
            </div>
          );
        })}
      </div>
      {foot}
    </div>
  );
}
