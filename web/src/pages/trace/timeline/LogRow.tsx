import { memo } from 'react';
import { formatSeconds } from '@/lib/format';
import type { LogLine } from '@/model/trace/logs';
import { share } from '@/model/trace/scale';
import classes from './Timeline.module.css';

interface Props {
  line: LogLine;
  top: number;
  isDim: boolean;
  indent: number;
  from: number;
  to: number;
  onChoose: (span: number) => void;
}

/** A line that a span wrote, below it, at its moment. */
export const LogRow = memo(function LogRow({ line, top, isDim, indent, from, to, onChoose }: Props) {
  const at = share(line.at, from, to);
  return (
    <div
      role="row"
      className={classes.row}
      data-log
      data-dim={isDim || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onChoose(line.span)}
    >
      <div className={classes.name} style={{ paddingLeft: indent }}>
        <span className={classes.level} data-level={line.level}>
          {line.wire.severity_text?.toUpperCase() || line.level.toUpperCase()}
        </span>
        <code title={line.wire.body}>{line.wire.body}</code>
      </div>
      <div className={classes.lane}>
        {at >= 0 && at <= 1 && (
          <i
            className={classes.moment}
            data-level={line.level}
            style={{ left: `${at * 100}%` }}
            title={formatSeconds(line.at / 1e9)}
          />
        )}
      </div>
    </div>
  );
});
