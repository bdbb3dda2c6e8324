import { IconAlignLeft, IconTimeline } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Ago } from '@/components/common/Ago';
import { Sparkline } from '@/components/common/Sparkline';
import { useRowKeys } from '@/components/common/useRowKeys';
import { DurationCell, ErrorCell, RateCell } from '@/components/services/Red';
import { SortHead } from '@/components/services/SortHead';
import { keepShell } from '@/components/shell/shellUrl';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { ServiceTag } from '@/components/trace/ServiceTag';
import { pointsChange, relativeChange } from '@/model/services/change';
import { logsOf, tracesOf } from '@/model/services/jumps';
import { rateUnit, type RateUnit } from '@/model/services/rate';
import { shortRelease } from '@/model/services/release';
import type { Service } from '@/model/services/service';
import type { ServiceSort } from './url';
import classes from './Services.module.css';

interface Props {
  services: readonly Service[];
  sort: ServiceSort;
  descending: boolean;
  onSort: (sort: ServiceSort, descending: boolean) => void;
}

const ROW_PX = 44;

export function ServiceList({ services, sort, descending, onSort }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: services.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  useRowKeys({ scroll, list, count: services.length, what: 'service', group: 'Services' });
  const unit = rateUnit(services.map((one) => one.red?.rate));
  const head = { sort, descending, onSort };
  return (
    <div ref={scroll} className={classes.scroll} role="table" aria-label="Services">
      <div className={`${classes.grid} ${classes.head}`} role="row">
        <SortHead name="name" title="Service" isNumber={false} {...head} />
        <SortHead name="rate" title="Requests" {...head} />
        <span />
        <SortHead name="errors" title="Errors" {...head} />
        <SortHead name="p50" title="p50" hint="Half of the requests are faster" {...head} />
        <SortHead name="p95" title="p95" hint="19 of 20 requests are faster" {...head} />
        <SortHead name="p99" title="p99" hint="99 of 100 requests are faster" {...head} />
        <SortHead name="seen" title="Last span" {...head} />
        <span>Release</span>
        <span />
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const service = services[item.index];
          if (service === undefined) return null;
          return (
            <div
              key={service.name}
              role="row"
              data-row={item.index}
              className={`${classes.grid} ${classes.row}`}
              style={{ top: item.start, height: ROW_PX }}
            >
              <Row service={service} unit={unit} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Row({ service, unit }: { service: Service; unit: RateUnit }) {
  const { name, red, before } = service;
  const { range } = useTime();
  const [newest, ...older] = service.releases;
  return (
    <>
      <Link to="/services/$service" params={{ service: name }} search={keepShell} className={classes.name}>
        <ServiceTag name={name} />
      </Link>
      <RateCell
        rate={red?.rate ?? null}
        unit={unit}
        change={relativeChange(red?.rate ?? null, before?.rate ?? null, 'any')}
      />
      <Sparkline values={service.course} width={112} height={26} />
      <ErrorCell share={red?.errors ?? null} change={pointsChange(red?.errors ?? null, before?.errors ?? null)} />
      {(['p50', 'p95', 'p99'] as const).map((key) => (
        <DurationCell
          key={key}
          value={red?.[key] ?? null}
          change={relativeChange(red?.[key] ?? null, before?.[key] ?? null, 'less')}
        />
      ))}
      <span className={`${classes.right} ${classes.quiet}`}>
        {service.seen === null ? '–' : <Ago at={service.seen} />}
      </span>
      <span className={classes.release} title={service.releases.map((one) => one.name).join('\n')}>
        {newest === undefined ? <span className="muted">–</span> : <code>{shortRelease(newest.name)}</code>}
        {older.length > 0 && <small className="num">and {older.length} more</small>}
      </span>
      <span className={classes.links}>
        <JumpLink to={tracesOf(name, range)} title="Traces">
          <IconTimeline size={15} stroke={1.7} aria-label={`Traces of ${name}`} />
        </JumpLink>
        <JumpLink to={logsOf(name, range)} title="Logs">
          <IconAlignLeft size={15} stroke={1.7} aria-label={`Logs of ${name}`} />
        </JumpLink>
      </span>
    </>
  );
}
