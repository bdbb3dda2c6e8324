import { Button, Tooltip } from '@mantine/core';
import {
  IconAlertTriangleFilled,
  IconArrowLeft,
  IconArrowsDiff,
  IconClockExclamation,
  IconDownload,
  IconFile,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { CopyButton } from '@/components/common/PageState';
import { backToList } from '@/components/trace/lastList';
import { useTime } from '@/components/shell/time';
import { ServiceChips } from '@/components/trace/ServiceChips';
import { download } from '@/lib/browser';
import { formatCount, formatSeconds } from '@/lib/format';
import { printFullTime } from '@/model/logs/line';
import type { TraceData } from './useTrace';
import classes from './Trace.module.css';

interface Props {
  data: TraceData;
  onCompare: () => void;
  onAlign: () => void;
  onService: (name: string) => void;
}

export function TraceHeader({ data, onCompare, onAlign, onService }: Props) {
  const { trace } = data;
  const { utc } = useTime();
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
        {data.hasSkew && (
          <button
            type="button"
            className={classes.clocks}
            aria-pressed={data.isAligned}
            title={
              data.isAligned
                ? 'Spans are moved so that none begins before what caused it: their places are a guess'
                : 'Some spans begin before what caused them: move those of other clocks in the drawing'
            }
            onClick={onAlign}
          >
            <IconClockExclamation size={13} stroke={1.8} />
            {data.isAligned ? 'Clocks aligned' : 'Align clocks'}
          </button>
        )}
        <Fact title="Start">
          {/* Milliseconds: those of its log lines. */}
          <time title={printFullTime(trace.start, utc)}>{printFullTime(trace.start, utc).slice(0, 23)}</time>
        </Fact>
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
          <ServiceChips services={trace.services} hasCounts onChoose={onService} />
        </div>
      </dl>
    </header>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
