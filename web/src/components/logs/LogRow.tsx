// One line of a log: when, how severe, who, what.
import type { Ref } from 'react';
import type { AttributeValue } from '@/api/events';
import { valueOf } from '@/model/logs/columns';
import { plain, printFullTime, printTime, printValue, type Line } from '@/model/logs/line';
import { Marked } from './Marked';
import { SeverityMark } from './SeverityMark';
import classes from './Logs.module.css';

export interface RowLook {
  utc: boolean;
  /** The range spans more than a day. */
  withDay: boolean;
  isWrapped: boolean;
  pattern: RegExp | null;
  /** Fields that have a column, as a search names them. */
  columns: readonly string[];
}

/** `14:05:09.123` is 12 letters of 6.9 px, and 2 px stand before it; with `01-31 ` they are 18. */
const TIME_PX = 86;
const DAY_TIME_PX = 127;

/** The columns of a row: mark, time, severity, service, those chosen, message. The same for every row and the heads. */
export function rowGrid({ columns, withDay }: Pick<RowLook, 'columns' | 'withDay'>): string {
  const chosen = columns.length === 0 ? '' : ` repeat(${columns.length}, minmax(64px, max(150px, 11vw)))`;
  const time = withDay ? DAY_TIME_PX : TIME_PX;
  return `3px ${time}px 40px minmax(56px, max(116px, 10vw))${chosen} minmax(25%, 1fr)`;
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
  // The whole of an open line stands in its details.
  const isWrapped = look.isWrapped && isOpen !== true && line.wire.body !== '';
  const text = isWrapped ? plain(line.wire.body.slice(0, WRAPPED_CHARS_MAX)) : line.head;
  return (
    <div
      ref={ref}
      className={`${classes.row} ${classes.sev}`}
      data-severity={line.severity}
      data-wrap={isWrapped || undefined}
      style={{ gridTemplateColumns: rowGrid(look) }}
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
      {look.columns.map((field) => (
        <Value key={field} value={valueOf(line.wire, field)} />
      ))}
      <span className={classes.message}>
        {text === '' ? <em className="muted">empty</em> : <Marked text={text} pattern={look.pattern} />}
      </span>
    </div>
  );
}

function Value({ value }: { value: AttributeValue | undefined }) {
  if (value === undefined || value === null) return <span className={classes.value} />;
  const text = printValue(value);
  return (
    <span className={classes.value} title={text}>
      {text}
    </span>
  );
}
