// What is kept of spans, log records and errors.
import { useQuery } from '@tanstack/react-query';
import { kept, type WireKind } from '@/api/kept';
import { useTime } from '@/components/shell/time';
import { formatBytes, formatCount } from '@/lib/format';
import { printMoment } from '@/model/timeRange';
import classes from './Status.module.css';

const TITLES: Record<WireKind['kind'], string> = { log: 'Log records', span: 'Spans', error: 'Errors' };

/** Nothing where the server keeps no events. */
export function EventsKept() {
  const { now, utc } = useTime();
  const { data } = useQuery({
    queryKey: ['events-kept', now],
    queryFn: ({ signal }) => kept(signal),
    placeholderData: (last) => last,
    retry: false,
  });
  if (data === undefined) return null;
  return (
    <section className={classes.card} aria-label="Events">
      <h2>
        Events{' '}
        <span className="muted num">
          {formatBytes(data.memory_bytes)} in memory, {formatBytes(data.log_bytes)} of log
          {data.disk_full && ', the disk is full: nothing more is taken'}
        </span>
      </h2>
      <table className={classes.table}>
        <thead>
          <tr>
            <th className={classes.wide}>Kind</th>
            <th>Oldest in files</th>
            <th>In memory</th>
            <th>In files</th>
            <th>Attributes</th>
            <th>Files</th>
            <th>Size</th>
          </tr>
        </thead>
        <tbody className="num">
          {data.kinds.map((row) => (
            <tr key={row.kind}>
              <td className={classes.wide}>{TITLES[row.kind]}</td>
              <td className="date">{row.oldest === null ? '–' : printMoment(Date.parse(row.oldest), utc)}</td>
              <td>{formatCount(row.memory_rows)}</td>
              <td>{formatCount(row.file_rows)}</td>
              <td>{formatCount(row.columns)}</td>
              <td>{formatCount(row.files)}</td>
              <td>{formatBytes(row.file_bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.damaged.map((line) => (
        <p key={line} className={classes.damaged}>
          {line}
        </p>
      ))}
    </section>
  );
}
