import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { Result } from './results';
import classes from './Explore.module.css';

/** What the server said beside the data, and queries that failed while others did not. */
export function Remarks({ results }: { results: Result[] }) {
  const several = results.length > 1;
  const remarks = results.flatMap((result) => [
    ...(result.answer?.warnings ?? []).map((text) => ({ kind: 'warning', text, letter: result.letter })),
    ...(result.answer?.infos ?? []).map((text) => ({ kind: 'info', text, letter: result.letter })),
  ]);
  if (remarks.length === 0) return null;
  return (
    <div className={classes.remarks} role="status">
      {remarks.map((remark, index) => {
        const Icon = remark.kind === 'warning' ? IconAlertTriangle : IconInfoCircle;
        return (
          <p key={index} data-kind={remark.kind}>
            <Icon size={14} stroke={1.8} />
            <span>
              {several && <b>{remark.letter}: </b>}
              {remark.text.replace(/^PromQL (warning|info): /, '')}
            </span>
          </p>
        );
      })}
    </div>
  );
}
