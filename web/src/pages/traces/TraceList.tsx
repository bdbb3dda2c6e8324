// The traces found, a row each.
import { Checkbox } from '@mantine/core';
import { IconAlertTriangleFilled, IconArrowDown } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { Ago } from '@/components/common/Ago';
import { useRowKeys } from '@/components/common/useRowKeys';
import { useShortcuts } from '@/components/shell/keys';
import { keepShell } from '@/components/shell/shellUrl';
import { useTime } from '@/components/shell/time';
import { ServiceChips } from '@/components/trace/ServiceChips';
import { formatCount, formatSeconds } from '@/lib/format';
import type { Summary } from '@/model/trace/summary';
import { printMoment } from '@/model/timeRange';
import type { TracesState } from './url';
import classes from './Traces.module.css';

interface Props {
  traces: readonly Summary[];
  order: TracesState['order'];
  chosen: readonly string[];
  onOrder: (order: TracesState['order']) => void;
  onChoose: (id: string) => void;
  onPoint: (id: string | null) => void;
}

const ROW_PX = 36;

export function TraceList(props: Props) {
  const { traces } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: traces.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const place = useRowKeys({ scroll, list, count: traces.length, what: 'trace', group: 'Traces' });
  const chooseHere = (): void => {
    const trace = traces[place()];
    if (trace !== undefined) props.onChoose(trace.id);
  };
  useShortcuts([{ keys: 'x', title: 'Choose the trace for comparing', group: 'Traces', run: chooseHere }]);
  // One row is a stop of the Tab key, the arrows lead to the others.
  const [active, setActive] = useState(0);
  const items = list.getVirtualItems();
  const stop = items.some((item) => item.index === active) ? active : (items[0]?.index ?? 0);
  const longest = useMemo(() => traces.reduce((most, one) => Math.max(most, one.duration), 1), [traces]);
  return (
    <div
      ref={scroll}
      className={classes.scroll}
      role="table"
      aria-label="Traces found"
      aria-rowcount={traces.length}
      onPointerLeave={() => props.onPoint(null)}
    >
      <div className={`${classes.grid} ${classes.head}`} role="row">
        <span />
        <span>Trace</span>
        <Order name="recent" title="Start" current={props.order} onOrder={props.onOrder} />
        <Order name="slowest" title="Duration" current={props.order} onOrder={props.onOrder} />
        <span className={classes.right}>Spans</span>
        <span className={classes.right}>Errors</span>
        <span>Services</span>
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const trace = traces[item.index];
          if (trace === undefined) return null;
          return (
            <div
              key={trace.id}
              role="row"
              className={`${classes.grid} ${classes.row}`}
              style={{ top: item.start }}
              data-chosen={props.chosen.includes(trace.id) || undefined}
              data-row={item.index}
              onPointerEnter={() => props.onPoint(trace.id)}
              onFocus={() => {
                props.onPoint(trace.id);
                setActive(item.index);
              }}
            >
              <Checkbox
                aria-label="Choose for comparing"
                checked={props.chosen.includes(trace.id)}
                onChange={() => props.onChoose(trace.id)}
                tabIndex={item.index === stop ? 0 : -1}
              />
              <Row trace={trace} longest={longest} isStop={item.index === stop} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Order(props: { name: Props['order']; title: string; current: Props['order']; onOrder: Props['onOrder'] }) {
  const isOn = props.current === props.name;
  return (
    <button type="button" data-active={isOn || undefined} onClick={() => props.onOrder(props.name)}>
      {props.title}
      {isOn && <IconArrowDown size={12} />}
    </button>
  );
}

function Row({ trace, longest, isStop }: { trace: Summary; longest: number; isStop: boolean }) {
  const { utc } = useTime();
  return (
    <>
      <Link
        to="/traces/$traceId"
        params={{ traceId: trace.id }}
        search={keepShell}
        className={classes.title}
        tabIndex={isStop ? 0 : -1}
        title={`${trace.service}: ${trace.name}\n${trace.id}`}
      >
        <b>{trace.service}</b>
        <span data-quiet={!trace.hasRoot || undefined}>{trace.name}</span>
        {!trace.isComplete && <small title="Its root, or the parent of a span, has not come">part</small>}
      </Link>
      <span className={`${classes.start} num`} title={printMoment(trace.at, utc)}>
        <Ago at={trace.at} />
      </span>
      <span className={`${classes.duration} num`}>
        {formatSeconds(trace.duration / 1e9)}
        <i>
          <b style={{ width: `${Math.max(1, (trace.duration / longest) * 100)}%` }} />
        </i>
      </span>
      <span
        className={`${classes.right} num`}
        title={
          trace.matched < trace.spans ? `${formatCount(trace.matched)} of them are what was searched for` : undefined
        }
      >
        {formatCount(trace.spans)}
      </span>
      <span className={`${classes.right} num`}>
        {trace.errors > 0 ? (
          <em className={classes.errors}>
            <IconAlertTriangleFilled size={13} />
            {formatCount(trace.errors)}
          </em>
        ) : (
          <span className="muted">0</span>
        )}
      </span>
      <span
        className={classes.services}
        title={trace.services.map((service) => `${service.name}: ${service.spans} spans`).join('\n')}
      >
        <b className="num">{formatCount(trace.services.length)}</b>
        <ServiceChips services={trace.services} isStop={isStop} />
      </span>
    </>
  );
}
