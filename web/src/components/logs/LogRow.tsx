// One line of a log: when, how severe, who, what.
import type { Ref } from 'react';
import { plain, printFullTime, printTime, type Line } from '@/model/logs/line';
import { Marked } from './Marked';
import { SeverityMark } from './SeverityMark';
import classes from './Logs.module.css';

export interface RowLook {
  utc: boolean;
  /** The range spans more than a day. */
  withDay: boolean;
  isWrapped: boolean;
  pattern: RegExp | null;
}

interface Props {
  line: Line;
  look: RowLook;
  isOpen?: boolean;
  onClick: () => void;
  ref?: Ref<HTMLDivElement>;
}

/** A longer message is read in the details. */
const WRAPPED_CHARS_MAX = 20_000;

export function LogRow({ line, look, isOpen, onClick, ref }: Props) {
  const isWrapped = look.isWrapped && line.wire.body !== '';
  const text = isWrapped ? plain(line.wire.body.slice(0, WRAPPED_CHARS_MAX)) : line.head;
  return (
    <div
      ref={ref}
      className={`${classes.row} ${classes.sev}`}
      data-severity={line.severity}
      data-wrap={isWrapped || undefined}
      aria-expanded={isOpen}
      onClick={() => {
        // Selecting text is no click.
        if (getSelection()?.isCollapsed !== false) onClick();
      }}
    >
      <i />
      <time dateTime={line.wire.time} title={printFullTime(line.at, look.utc)}>
        {printTime(line.at, look.utc, look.withDay)}
      </time>
      <SeverityMark severity={line.severity} title={line.wire.severity_text} />
      <span className={classes.service} title={line.service}>
        {line.service}
      </span>
      <span className={classes.message}>
        <Marked text={text} pattern={look.pattern} />
      </span>
    </div>
  );
}
