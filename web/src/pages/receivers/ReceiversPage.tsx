import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { receivers, type WireReceiver, type WireRefusal } from '@/api/receivers';
import { Ago } from '@/components/common/Ago';
import { sendHere } from '@/components/place/sendHere';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { formatBytes, formatCount, formatValue } from '@/lib/format';
import { doorName, itemsOf, reasonName, refusedShare, sortReceivers } from '@/model/receivers/receiver';
import classes from './Receivers.module.css';

/** Counts move by themselves. */
const POLL_MS = 5000;

export function ReceiversPage() {
  const { now } = useTime();
  const { data, error, isLoading, refetch } = useQuery({
    queryKey: ['receivers', now],
    queryFn: ({ signal }) => receivers(signal),
    placeholderData: (previous) => previous,
    refetchInterval: POLL_MS,
  });
  if (isLoading) return <Loading what="receivers" />;
  if (data === undefined) {
    return <Failure title="The receivers could not be listed" error={error} onRetry={() => void refetch()} />;
  }
  return (
    <div className={classes.page}>
      <section className={classes.panel} aria-label="Receivers">
        {data.length === 0 ? (
          <Nothing />
        ) : (
          <div role="table" aria-label="Receivers" className={classes.scroll}>
            <div className={`${classes.grid} ${classes.head}`} role="row">
              <span>Door</span>
              <span>Signal</span>
              <span className={classes.right}>Requests</span>
              <span className={classes.right}>Received</span>
              <span className={classes.right}>Accepted</span>
              <span className={classes.right}>Refused</span>
              <span className={classes.right}>Last</span>
            </div>
            {sortReceivers(data).map((row) => (
              <Receiver key={`${row.receiver} ${row.signal}`} row={row} />
            ))}
          </div>
        )}
      </section>
      {data.length > 0 && <p className={classes.note}>Counted since this server started.</p>}
      {data.length > 0 && data.every((row) => row.receiver === 'own') && <Nothing />}
    </div>
  );
}

function Receiver({ row }: { row: WireReceiver }) {
  const share = refusedShare(row);
  return (
    <div className={classes.receiver} data-testid="receiver">
      <div className={classes.grid} role="row">
        <b>{doorName(row.receiver)}</b>
        <span>{row.signal}</span>
        <span className={`${classes.right} num`}>
          {formatCount(row.requests)}
          {row.requests_refused > 0 && (
            <small className={classes.bad}>{formatCount(row.requests_refused)} refused whole</small>
          )}
        </span>
        <span className={`${classes.right} num`}>{formatBytes(row.bytes)}</span>
        <span className={`${classes.right} num`}>
          {formatCount(row.accepted)}
          <small>{itemsOf(row.signal)}</small>
        </span>
        <span className={`${classes.right} num`}>
          {row.rejected === 0 ? (
            <span className="muted">0</span>
          ) : (
            <span className={classes.bad}>
              <IconAlertTriangleFilled size={13} /> {formatCount(row.rejected)}
            </span>
          )}
          {row.rejected > 0 && <small>{formatValue(Number(share.toPrecision(2)), 'ratio')}</small>}
        </span>
        <span className={classes.right}>
          <When at={row.last} />
        </span>
      </div>
      {row.refusals.map((refusal) => (
        <Refusal key={refusal.reason} refusal={refusal} />
      ))}
    </div>
  );
}

function Refusal({ refusal }: { refusal: WireRefusal }) {
  return (
    <div className={classes.refusal}>
      <p>
        <b className="num">{formatCount(refusal.count)}</b> {reasonName(refusal.reason)}
        <span>
          last <When at={refusal.last} />
        </span>
      </p>
      {refusal.message !== '' && <code>{refusal.message}</code>}
    </div>
  );
}

/** The year 1 is never. */
function When({ at }: { at: string }) {
  const millis = Date.parse(at);
  return Number.isNaN(millis) || millis <= 0 ? <span className="muted">never</span> : <Ago at={millis} />;
}

function Nothing() {
  const lines = sendHere(location.origin, 'OTEL_SERVICE_NAME=my-service');
  return (
    <Empty title="Nobody else has sent anything yet" lines={lines}>
      OTLP over HTTP is taken at the address of this page, with Zipkin’s and Jaeger’s; where each has a port of its own,
      OTLP is taken on 4317 (gRPC) and 4318 (HTTP) too. These lines in the environment of a service with an
      OpenTelemetry SDK send to it.
    </Empty>
  );
}
