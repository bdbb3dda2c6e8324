import { Button, Tooltip } from '@mantine/core';
import { IconAlertTriangleFilled, IconArrowLeft, IconArrowsDiff, IconDownload, IconFile } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { CopyButton } from '@/components/common/PageState';
import { backToList } from '@/components/trace/lastList';
import { useTime } from '@/components/shell/time';
import { ServiceTag } from '@/components/trace/ServiceTag';
import { download } from '@/lib/browser';
import { formatCount, formatSeconds } from '@/lib/format';
import { toMillis } from '@/model/trace/instant';
import type { TraceService } from '@/model/trace/trace';
import { printMoment } from '@/model/timeRange';
import type { TraceData } from './useTrace';
import classes from './Trace.module.css';

interface Props {
  data: TraceData;
  onCompare: () => void;
  onService: (name: string) => void;
}

/** Services that could fit on the widest line; all are in the table. */
const SERVICES_MAX = 24;

export function TraceHeader({ data, onCompare, onService }: Props) {
  const { trace, colours } = data;
  const { utc } = useTime();
  const at = toMillis(trace.start);
  const root = trace.root ?? trace.spans[0];
  const save = (): void => {
    const wire = { trace_id: trace.id, spans: trace.spans.map((span) => span.wire) };
    download(`trace-${trace.id}.json`, JSON.stringify(wire, null, 1), 'application/json');
  };
  return (
    <header className={classes.header}>
      <div className={classes.titleLine}>
        <Tooltip label="Back to the traces (U)">
          <Link to="/traces" search={backToList} className={classes.back} aria-label="Back to the traces">
            <IconArrowLeft size={16} />
          </Link>
        </Tooltip>
        <h2 data-quiet={trace.root === undefined || undefined} title={root?.name}>
          <b>{root?.service ?? 'Empty trace'}</b> {trace.root?.name ?? 'root span not received'}
        </h2>
        <code className={classes.id}>{trace.id}</code>
        <CopyButton text={trace.id} label="Copy the trace id" />
        {data.isFromFile && (
          <span className={classes.fromFile}>
            <IconFile size={13} stroke={1.7} /> from a file
          </span>
        )}
        <span className={classes.spring} />
        <Button leftSection={<IconArrowsDiff size={14} stroke={1.7} />} onClick={onCompare}>
          Compare
        </Button>
        <Tooltip label="Download as JSON">
          <Button px={7} aria-label="Download as JSON" onClick={save}>
            <IconDownload size={15} stroke={1.7} />
          </Button>
        </Tooltip>
      </div>
      <dl className={`${classes.facts} num`}>
        <Fact title="Duration">{formatSeconds(trace.duration / 1e9)}</Fact>
        <Fact title="Start">{printMoment(at, utc)}</Fact>
        <Fact title="Spans">{formatCount(trace.spans.length)}</Fact>
        <Fact title="Errors">
          {trace.errors === 0 ? (
            '0'
          ) : (
            <em>
              <IconAlertTriangleFilled size={13} />
              {formatCount(trace.errors)}
            </em>
          )}
        </Fact>
        <Fact title="Depth">{formatCount(trace.depth)}</Fact>
        <Fact title="Services">{formatCount(trace.services.length)}</Fact>
        <div className={classes.services}>
          {trace.services.slice(0, SERVICES_MAX).map((service) => (
            <button key={service.name} type="button" onClick={() => onService(service.name)} title={about(service)}>
              <ServiceTag
                name={service.name}
                colour={colours.get(service.name) ?? 0}
                count={formatCount(service.spans)}
                hasErrors={service.errors > 0}
              />
            </button>
          ))}
        </div>
      </dl>
    </header>
  );
}

function about({ name, spans, errors }: TraceService): string {
  return `${name}: ${formatCount(spans)} spans, ${formatCount(errors)} with errors. A click finds them.`;
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
