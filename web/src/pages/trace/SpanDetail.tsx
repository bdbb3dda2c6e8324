// Everything about one span.
import { TextInput } from '@mantine/core';
import { IconAlertTriangleFilled, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { Segments } from '@/components/common/Segments';
import { CopyButton } from '@/components/common/PageState';
import { AttributeList } from '@/components/trace/AttributeList';
import { JumpLink } from '@/components/trace/JumpLink';
import { ServiceTag } from '@/components/trace/ServiceTag';
import { formatCount, formatSeconds } from '@/lib/format';
import { messageOf } from '@/model/trace/findings/errors';
import { logsOfSpan, metricsOfSpan, serviceOfSpan, tracesLike } from '@/model/trace/jumps';
import type { TraceLogs } from '@/model/trace/logs';
import type { Span } from '@/model/trace/trace';
import { WORKS } from '@/model/trace/work';
import { SpanEvents, SpanLinks, SpanLogs } from './SpanParts';
import type { TraceData } from './useTrace';
import type { Zoom } from './url';
import classes from './SpanDetail.module.css';

type Part = 'attributes' | 'events' | 'logs' | 'links' | 'raw';

interface Props {
  data: TraceData;
  span: Span;
  logs: TraceLogs;
  /** All lines of the trace are in `logs`. */
  hasAllLogs: boolean;
  onZoom: (zoom: Zoom) => void;
}

export function SpanDetail({ data, span, logs, hasAllLogs, onZoom }: Props) {
  const [part, setPart] = useState<Part>('attributes');
  const [find, setFind] = useState('');
  const { wire } = span;
  const lines = (logs.bySpan.get(span.index) ?? [])
    .map((place) => logs.lines[place])
    .filter((line) => line !== undefined);
  const counted = (title: string, count: number): string => (count === 0 ? title : `${title} ${count}`);
  const parts: { value: Part; title: string }[] = [
    { value: 'attributes', title: 'Attributes' },
    { value: 'events', title: counted('Events', wire.events?.length ?? 0) },
    { value: 'logs', title: counted('Logs', lines.length) },
    { value: 'links', title: counted('Links', wire.links?.length ?? 0) },
    { value: 'raw', title: 'Raw' },
  ];
  return (
    <div className={classes.detail} data-testid="span-detail">
      <div className={classes.head}>
        <ServiceTag name={span.service} />
        <h3>{span.name}</h3>
        {span.isError && (
          <p className={classes.error}>
            <IconAlertTriangleFilled size={14} />
            {messageOf(span) ?? 'Failed without a message'}
          </p>
        )}
        {warningsOf(data, span).map((warning) => (
          <p key={warning} className={classes.warning}>
            {warning}
          </p>
        ))}
        <Facts data={data} span={span} />
        <div className={classes.jumps}>
          {span.duration > 0 && (
            <button type="button" onClick={() => onZoom({ from: span.start, to: span.end })}>
              Zoom to it
            </button>
          )}
          {!data.isFromFile && (
            <>
              {hasAllLogs && lines.length === 0 ? (
                <span className="muted">No logs of this span</span>
              ) : (
                <JumpLink to={logsOfSpan(data.trace, span)}>
                  Logs of this span{lines.length > 0 && ` · ${lines.length}`}
                </JumpLink>
              )}
              <JumpLink to={metricsOfSpan(data.trace, span)}>Metrics of this operation</JumpLink>
              <JumpLink to={tracesLike(span)}>Traces like it</JumpLink>
              <JumpLink to={serviceOfSpan(data.trace, span)}>Its service</JumpLink>
            </>
          )}
        </div>
      </div>
      <div className={classes.tabs}>
        <Segments label="Part of the span" value={part} choices={parts} onChange={setPart} />
      </div>
      {part === 'attributes' && (
        <>
          <div className={classes.find}>
            <TextInput
              aria-label="Find an attribute"
              placeholder="Find an attribute"
              leftSection={<IconSearch size={13} />}
              value={find}
              onChange={(event) => setFind(event.currentTarget.value)}
            />
          </div>
          <AttributeList title="Attributes" attributes={wire.attributes ?? {}} find={find} />
          <AttributeList title="Resource" attributes={resourceOf(span)} find={find} prefix="resource." />
          {wire.scope?.name !== undefined && (
            <AttributeList title="Instrumentation" attributes={{ ...wire.scope }} find={find} prefix="scope." />
          )}
        </>
      )}
      {part === 'events' && <SpanEvents data={data} span={span} />}
      {part === 'logs' && <SpanLogs lines={lines} span={span} />}
      {part === 'links' && <SpanLinks span={span} />}
      {part === 'raw' && (
        <div className={classes.raw}>
          <CopyButton text={() => JSON.stringify(wire, null, 2)} label="Copy the JSON" />
          <pre>{JSON.stringify(wire, null, 2)}</pre>
        </div>
      )}
    </div>
  );
}

function Facts({ data, span }: { data: TraceData; span: Span }) {
  const self = data.selfs[span.index] ?? 0;
  const critical = (data.pathOf.get(span.index) ?? []).reduce((sum, piece) => sum + piece.to - piece.from, 0);
  const share = (part: number, whole: number): string =>
    whole > 0 ? ` · ${((part / whole) * 100).toFixed(part / whole < 0.1 ? 1 : 0)} %` : '';
  const facts: [string, string][] = [
    ['Duration', formatSeconds(span.duration / 1e9) + share(span.duration, data.trace.duration)],
    ['Own time', formatSeconds(self / 1e9) + share(self, span.duration)],
    ['Starts', `+${formatSeconds(span.start / 1e9)}`],
    ['Critical path', critical === 0 ? 'no' : formatSeconds(critical / 1e9)],
    ['Kind', `${span.wire.span_kind ?? 'unspecified'}${span.work === 'own' ? '' : `, ${WORKS[span.work]}`}`],
    ['Status', span.wire.status ?? 'unset'],
  ];
  return (
    <dl className={`${classes.facts} num`}>
      {facts.map(([title, value]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div className={classes.id}>
        <dt>Span id</dt>
        <dd>
          <code>{span.id}</code>
          <CopyButton text={span.id} label="Copy the span id" />
        </dd>
      </div>
    </dl>
  );
}

/** What the resource says, and what the server knows by other names, once. */
function resourceOf(span: Span) {
  const { service, environment, release, host } = span.wire;
  const { resource = {} } = span.wire;
  const taken: [string, string | undefined, string[]][] = [
    ['service.name', service, ['service.name']],
    ['environment', environment, ['deployment.environment', 'deployment.environment.name']],
    ['release', release, ['service.version']],
    ['host', host, ['host.name']],
  ];
  const named = taken.filter(
    ([, value, from]) => value !== undefined && value !== '' && !from.some((key) => resource[key] === value),
  );
  return { ...Object.fromEntries(named), ...resource };
}

function warningsOf({ trace }: TraceData, span: Span): string[] {
  const { orphans, duplicates, rings, timeless } = trace.faults;
  const out: string[] = [];
  if (orphans.includes(span.index)) out.push(`Its parent ${span.wire.parent_span_id ?? ''} did not come.`);
  if (duplicates.includes(span.index)) out.push('Another span of this trace has the same id.');
  if (rings.includes(span.index)) out.push('Its parents lead back to itself.');
  const { dropped_attributes, dropped_events, dropped_links } = span.wire;
  for (const [count, what] of [
    [dropped_attributes, 'attributes'],
    [dropped_events, 'events'],
    [dropped_links, 'links'],
  ] as const) {
    if (count !== undefined && count > 0)
      out.push(`Its sender left out ${what} by its own limit: ${formatCount(count)}.`);
  }
  if (timeless.includes(span.index)) out.push('Its start cannot be read.');
  if (span.shift !== 0) {
    const by = formatSeconds(Math.abs(span.shift) / 1e9);
    out.push(`Clocks are aligned: it stands ${by} ${span.shift > 0 ? 'later' : 'earlier'} than it was sent.`);
  }
  const parent = trace.spans[span.parent];
  if (parent !== undefined && span.start < parent.start) {
    out.push(
      `It begins ${formatSeconds((parent.start - span.start) / 1e9)} before its parent: their clocks are apart.`,
    );
  }
  return out;
}
