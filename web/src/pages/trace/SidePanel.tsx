import type { ReactNode } from 'react';
import { Empty } from '@/components/common/PageState';
import type { Finding } from '@/model/trace/findings';
import type { TraceLogs } from '@/model/trace/logs';
import { Findings } from './Findings';
import { SpanDetail } from './SpanDetail';
import type { TraceData } from './useTrace';
import type { Zoom } from './url';
import classes from './Trace.module.css';

export type Panel = 'none' | 'findings' | 'span';

export const isPanel = (value: unknown): value is Panel => value === 'none' || value === 'findings';

interface Props {
  panel: Panel;
  data: TraceData;
  chosen: number | null;
  logs: TraceLogs;
  hasAllLogs: boolean;
  finding: Finding | null;
  onActivate: (finding: Finding | null) => void;
  onZoom: (zoom: Zoom) => void;
  close: ReactNode;
}

/** Beside the views: what stands out, or one span. */
export function SidePanel({ panel, data, chosen, logs, hasAllLogs, finding, onActivate, onZoom, close }: Props) {
  const span = chosen === null ? undefined : data.trace.spans[chosen];
  return (
    <aside className={classes.side} aria-label={panel === 'span' ? 'Span' : 'Findings'}>
      <div className={classes.sideHead}>
        <b>{panel === 'span' ? 'Span' : 'Findings'}</b>
        <span />
        {close}
      </div>
      <div className={classes.sideBody}>
        {panel === 'findings' ? (
          <Findings findings={data.findings} active={finding?.id ?? null} onActivate={onActivate} />
        ) : span === undefined ? (
          <Empty title="No span is chosen">Choose one with a click, or with J and K.</Empty>
        ) : (
          <SpanDetail data={data} span={span} logs={logs} hasAllLogs={hasAllLogs} onZoom={onZoom} />
        )}
      </div>
    </aside>
  );
}
