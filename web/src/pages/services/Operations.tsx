// What a service is asked for, and how each of it goes.
import { IconAlertTriangle, IconHourglassHigh } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { DurationCell, ErrorCell, RateCell } from '@/components/services/Red';
import { SortHead } from '@/components/services/SortHead';
import { useInstants } from '@/components/services/useInstants';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { formatValue } from '@/lib/format';
import { pointsChange, relativeChange } from '@/model/services/change';
import { tracesOf } from '@/model/services/jumps';
import { readReds } from '@/model/services/numbers';
import { buildOperations, sortOperations, type Operation, type OperationKey } from '@/model/services/operation';
import { rateUnit, type RateUnit } from '@/model/services/rate';
import { windows } from '@/model/services/queries';
import { redQueries } from './useServices';
import classes from './Service.module.css';

/** More are found by searching traces. */
const SHOWN = 100;

export function Operations({ service, hasSpans }: { service: string; hasSpans: boolean }) {
  const { resolved, range } = useTime();
  const { now, before } = windows(resolved.from, resolved.to);
  const asked = { by: 'span_name', service } as const;
  const current = useInstants(redQueries(asked, now), resolved.to / 1000);
  const past = useInstants(redQueries(asked, before), resolved.to / 1000);
  const [sort, setSort] = useState<{ key: OperationKey; descending: boolean }>({ key: 'share', descending: true });
  const operations = useMemo(
    () =>
      sortOperations(
        buildOperations(readReds(current.answers, 'span_name'), readReds(past.answers, 'span_name')),
        sort.key,
        sort.descending,
      ),
    [current.answers, past.answers, sort],
  );
  if (current.isLoading && operations.length === 0) return <Loading what="operations" />;
  if (current.error !== null) {
    return <Failure title="The operations could not be listed" error={current.error} onRetry={current.refetch} />;
  }
  if (operations.length === 0) {
    return (
      <Empty title="No requests in this time range">
        {hasSpans
          ? 'It has spans, but none that answers a request.'
          : 'No span of it has come in this time range either.'}
      </Empty>
    );
  }
  const unit = rateUnit(operations.map((one) => one.red.rate));
  const head = {
    sort: sort.key,
    descending: sort.descending,
    onSort: (key: OperationKey, descending: boolean) => setSort({ key, descending }),
  };
  return (
    <div role="table" aria-label="Operations" className={classes.table} data-stale={current.isStale || undefined}>
      <div className={`${classes.operation} ${classes.head}`} role="row">
        <SortHead name="name" title="Operation" isNumber={false} {...head} />
        <SortHead name="share" title="Time" hint="Its part of all time that requests take" {...head} />
        <SortHead name="rate" title="Requests" {...head} />
        <SortHead name="errors" title="Errors" {...head} />
        <SortHead name="p50" title="p50" {...head} />
        <SortHead name="p95" title="p95" {...head} />
        <SortHead name="p99" title="p99" {...head} />
        <span />
      </div>
      {operations.slice(0, SHOWN).map((operation) => (
        <Row key={operation.name} service={service} operation={operation} range={range} unit={unit} />
      ))}
      {operations.length > SHOWN && (
        <p className={classes.more}>
          {operations.length - SHOWN} more: the first {SHOWN} in this order are shown.
        </p>
      )}
    </div>
  );
}

interface RowProps {
  service: string;
  operation: Operation;
  unit: RateUnit;
  range: { from: string; to: string };
}

function Row({ service, operation, range, unit }: RowProps) {
  const { name, red, before, share } = operation;
  return (
    <div className={classes.operation} role="row">
      <JumpLink to={tracesOf(service, range, { operation: name })} className={classes.title ?? ''} title={name}>
        {name}
      </JumpLink>
      <span className={`${classes.share} num`}>
        <i>
          <b style={{ width: `${(share ?? 0) * 100}%` }} />
        </i>
        {share === null ? '–' : formatValue(Number(share.toPrecision(2)), 'ratio')}
      </span>
      <RateCell rate={red.rate} unit={unit} change={relativeChange(red.rate, before?.rate ?? null, 'any')} />
      <ErrorCell share={red.errors} change={pointsChange(red.errors, before?.errors ?? null)} />
      {(['p50', 'p95', 'p99'] as const).map((key) => (
        <DurationCell key={key} value={red[key]} change={relativeChange(red[key], before?.[key] ?? null, 'less')} />
      ))}
      <span className={classes.links}>
        <JumpLink to={tracesOf(service, range, { operation: name, slowest: true })} title="Its slowest traces">
          <IconHourglassHigh size={15} stroke={1.7} aria-label={`Slowest traces of ${name}`} />
        </JumpLink>
        <JumpLink to={tracesOf(service, range, { operation: name, errors: true })} title="Its traces with errors">
          <IconAlertTriangle size={15} stroke={1.7} aria-label={`Traces of ${name} with errors`} />
        </JumpLink>
      </span>
    </div>
  );
}
