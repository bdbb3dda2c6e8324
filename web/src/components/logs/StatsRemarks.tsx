import { IconAlertTriangle } from '@tabler/icons-react';
import type { SearchStats } from '@/api/events';
import classes from './Logs.module.css';

/** What is to be said about an answer: that there may be more, and what went wrong on the way. */
export function StatsRemarks({ stats, more = [] }: { stats: SearchStats | undefined; more?: string[] }) {
  const lines = [
    ...(stats?.partial === true ? ['Not everything was looked at: what is here may be incomplete.'] : []),
    ...(stats?.warnings ?? []),
    ...more,
  ];
  return lines.map((line) => (
    <p key={line} className={classes.note} role="status">
      <IconAlertTriangle size={15} />
      {line}
    </p>
  ));
}
