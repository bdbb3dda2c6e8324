import { clockStep, printTick, share, ticksOf } from '@/model/trace/scale';
import classes from './Timeline.module.css';

interface Props {
  /** Nanoseconds after the trace's start. */
  from: number;
  to: number;
  /** Pixels: decides how many. */
  width: number;
  isLabelled: boolean;
}

const APART_PX = 110;

/** Round moments of a piece of the trace, as lines, with their times or without. */
export function Ticks({ from, to, width, isLabelled }: Props) {
  const parts = Math.max(2, Math.floor(width / APART_PX));
  const step = clockStep(to - from, parts);
  const ticks = ticksOf(from, to, parts, clockStep);
  return (
    <div className={classes.ticks} data-labelled={isLabelled || undefined} aria-hidden={!isLabelled}>
      {ticks.map((tick) => {
        const at = share(tick, from, to);
        return (
          <i key={tick} style={{ left: `${at * 100}%` }} data-late={at > 0.94 || undefined}>
            {isLabelled && <span className="num">{printTick(tick, step)}</span>}
          </i>
        );
      })}
    </div>
  );
}
