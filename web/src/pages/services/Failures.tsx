// The exceptions of a service by their type, each leading to the trace of the latest.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { groupEvents, searchEvents } from '@/api/events';
import { Ago } from '@/components/common/Ago';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { formatCount } from '@/lib/format';
import { FAILURE_GROUPS, readFailures, type Failure } from '@/model/services/failure';
import { ofService } from '@/model/trace/query';
import { printMoment } from '@/model/timeRange';
import classes from './Service.module.css';

/** Among so many there is one of each common type. */
const LATEST = 200;

export function Failures({ service }: { service: string }) {
  const { resolved } = useTime();
  const query = {
    kind: 'error' as const,
    q: ofService('', service),
    start: resolved.from / 1000,
    end: resolved.to / 1000,
  };
  const groups = useQuery({
    queryKey: ['failures', query],
    queryFn: ({ signal }) => groupEvents(query, FAILURE_GROUPS, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const latest = useQuery({
    queryKey: ['failures-latest', query],
    queryFn: ({ signal }) => searchEvents(query, { limit: LATEST }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const failures = useMemo(() => readFailures(groups.data, latest.data?.events ?? []), [groups.data, latest.data]);
  return (
    <section className={classes.panel} aria-label="Errors by type">
      <header className={classes.panelHead}>
        <h2>Errors by type</h2>
      </header>
      {failures.map((failure) => (
        <Row key={failure.type} failure={failure} />
      ))}
      {failures.length === 0 && (
        <p className={classes.none}>
          {groups.error !== null
            ? `They could not be counted: ${groups.error.message}`
            : groups.isLoading
              ? 'Loading…'
              : 'No exception was recorded in this time range'}
        </p>
      )}
    </section>
  );
}

function Row({ failure }: { failure: Failure }) {
  const { utc } = useTime();
  const { type, message, traceId, spanId } = failure;
  const name = type === '' ? 'No type' : type;
  return (
    <div className={classes.failure}>
      <div title={`${name}\n${message}`}>
        {traceId === null ? (
          <b>{name}</b>
        ) : (
          <JumpLink
            to={{ path: `/traces/${traceId}`, search: spanId === null ? {} : { span: spanId } }}
            title="The trace of the latest"
          >
            {name}
          </JumpLink>
        )}
        {message !== '' && <small>{message}</small>}
      </div>
      <span className="num">{formatCount(failure.count)}</span>
      <span
        className={`${classes.right} num`}
        title={Number.isFinite(failure.last) ? printMoment(failure.last, utc) : undefined}
      >
        {Number.isFinite(failure.last) && <Ago at={failure.last} />}
      </span>
    </div>
  );
}
