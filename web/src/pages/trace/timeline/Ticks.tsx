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
/** Of a letter at 11 px, and what stands between the line and the words. */
const LETTER_PX = 6.4;
const BESIDE_PX = 8;

/** Round moments of a piece of the trace, as lines, with their times or without. */
export function Ticks({ from, to, width, isLabelled }: Props) {
  const parts = Math.max(2, Math.floor(width / APART_PX));
  const step = clockStep(to - from, parts);
  const ticks = ticksOf(from, to, parts, clockStep);
  return (
    <div className={classes.ticks} data-labelled={isLabelled || undefined} aria-hidden={!isLabelled}>
      {ticks.map((tick) => {
        const at = share(tick, from, to);
        const text = isLabelled ? printTick(tick, step) : '';
        const isLate = (1 - at) * width < text.length * LETTER_PX + BESIDE_PX;
        return (
          <i key={tick} style={{ left: `${at * 100}%` }} data-late={isLate || undefined}>
            {isLabelled && <span className="num">{text}</span>}
          </i>
        );
      })}
    </div>
  );
}
