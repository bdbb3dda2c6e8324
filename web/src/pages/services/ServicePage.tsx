import { IconAffiliate, IconAlertTriangle, IconAlignLeft, IconHourglassHigh, IconTimeline } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { DurationCell, ErrorCell, RateCell } from '@/components/services/Red';
import { useInstants } from '@/components/services/useInstants';
import { useReleases } from '@/components/services/useReleases';
import { keepShell } from '@/components/shell/shellUrl';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { pointsChange, relativeChange } from '@/model/services/change';
import { logsOf, mapOf, tracesOf } from '@/model/services/jumps';
import { readReds } from '@/model/services/numbers';
import { windows } from '@/model/services/queries';
import { deploysOf, shortRelease } from '@/model/services/release';
import { quoteValue } from '@/model/trace/query';
import { Dependencies } from './Dependencies';
import { Deploys } from './Deploys';
import { Failures } from './Failures';
import { Operations } from './Operations';
import { RedCharts } from './RedCharts';
import { redQueries } from './useServices';
import classes from './Service.module.css';

export function ServicePage() {
  const { service } = useParams({ strict: false }) as { service: string };
  const { resolved, range } = useTime();
  const releases = useReleases(`service=${quoteValue(service)}`);
  const own = useMemo(() => releases.byService.get(service) ?? [], [releases, service]);
  const markers = useMemo(
    () =>
      deploysOf(own, resolved.from, resolved.to).map((one) => ({
        time: one.first / 1000,
        label: shortRelease(one.name),
      })),
    [own, resolved],
  );
  return (
    <div className={classes.page}>
      <div className={classes.top}>
        <Link to="/services" search={keepShell} className={classes.up}>
          Services
        </Link>
        <h1>{service}</h1>
        <Summary service={service} />
        <span className={classes.spring} />
        <Jumps service={service} range={range} />
      </div>
      <RedCharts service={service} markers={markers} />
      <div className={classes.split}>
        <div className={classes.side}>
          <section className={classes.panel} aria-label="Operations">
            <header className={classes.panelHead}>
              <h2>Operations</h2>
            </header>
            <Operations service={service} hasSpans={own.length > 0} />
          </section>
          <Failures service={service} />
        </div>
        <div className={classes.side}>
          <Dependencies service={service} />
          <Deploys service={service} releases={own} isKnown={releases.isKnown} />
        </div>
      </div>
    </div>
  );
}

function Jumps({ service, range }: { service: string; range: { from: string; to: string } }) {
  const links = [
    { to: tracesOf(service, range, { errors: true }), title: 'Error traces', Icon: IconAlertTriangle },
    { to: tracesOf(service, range, { slowest: true }), title: 'Slow traces', Icon: IconHourglassHigh },
    { to: tracesOf(service, range), title: 'Traces', Icon: IconTimeline },
    { to: logsOf(service, range), title: 'Logs', Icon: IconAlignLeft },
    { to: mapOf(service, range), title: 'Map', Icon: IconAffiliate },
  ];
  return (
    <nav className={classes.jumps} aria-label={`Of ${service}`}>
      {links.map(({ to, title, Icon }) => (
        <JumpLink key={title} to={to}>
          <Icon size={14} stroke={1.7} />
          {title}
        </JumpLink>
      ))}
    </nav>
  );
}

/** The whole range in three numbers. */
function Summary({ service }: { service: string }) {
  const { resolved } = useTime();
  const { now, before } = windows(resolved.from, resolved.to);
  const asked = { by: '', service } as const;
  const end = resolved.to / 1000;
  const red = readReds(useInstants(redQueries(asked, now), end).answers, '').get('') ?? null;
  const past = readReds(useInstants(redQueries(asked, before), end).answers, '').get('') ?? null;
  if (red === null) return null;
  return (
    <dl className={classes.summary}>
      <div>
        <dt>Requests</dt>
        <dd>
          <RateCell rate={red.rate} change={relativeChange(red.rate, past?.rate ?? null, 'any')} />
        </dd>
      </div>
      <div>
        <dt>Errors</dt>
        <dd>
          <ErrorCell share={red.errors} change={pointsChange(red.errors, past?.errors ?? null)} />
        </dd>
      </div>
      <div>
        <dt>p95</dt>
        <dd>
          <DurationCell value={red.p95} change={relativeChange(red.p95, past?.p95 ?? null, 'less')} />
        </dd>
      </div>
    </dl>
  );
}
