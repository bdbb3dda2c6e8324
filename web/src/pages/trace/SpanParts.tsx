// A span's events, log lines and links.
import { Empty } from '@/components/common/PageState';
import { AttributeList } from '@/components/trace/AttributeList';
import { JumpLink } from '@/components/trace/JumpLink';
import { formatSeconds } from '@/lib/format';
import { between, parseInstant } from '@/model/trace/instant';
import type { LogLine } from '@/model/trace/logs';
import type { Span } from '@/model/trace/trace';
import type { TraceData } from './useTrace';
import classes from './SpanDetail.module.css';

export function SpanEvents({ data, span }: { data: TraceData; span: Span }) {
  const events = span.wire.events ?? [];
  if (events.length === 0) return <Empty title="No events">It recorded nothing while it ran.</Empty>;
  return events.map((event, index) => {
    const at = parseInstant(event.time);
    const { 'exception.stacktrace': stack, ...attributes } = event.attributes ?? {};
    return (
      <div key={index} className={classes.event} data-bad={event.name === 'exception' || undefined}>
        <h4>
          {event.name}
          {at !== null && (
            <span className="num">
              +{formatSeconds((between(data.trace.start, at) + span.shift - span.start) / 1e9)}
            </span>
          )}
        </h4>
        <AttributeList title="" attributes={attributes} find="" />
        {typeof stack === 'string' && <pre className={classes.stack}>{stack}</pre>}
      </div>
    );
  });
}

export function SpanLogs({ lines, span }: { lines: readonly LogLine[]; span: Span }) {
  if (lines.length === 0) {
    return (
      <Empty title="No log lines">Lines with this span’s id appear here: loggers of OpenTelemetry’s SDKs add it.</Empty>
    );
  }
  return lines.map((line, index) => (
    <details key={index} className={classes.log}>
      <summary>
        <span className="num">+{formatSeconds((line.at - span.start) / 1e9)}</span>
        <b data-level={line.level}>{line.wire.severity_text?.toUpperCase() || line.level.toUpperCase()}</b>
        <code>{line.wire.body}</code>
      </summary>
      <AttributeList title="Attributes" attributes={line.wire.attributes ?? {}} find="" />
      <AttributeList title="Resource" attributes={line.wire.resource ?? {}} find="" />
    </details>
  ));
}

export function SpanLinks({ span }: { span: Span }) {
  const links = span.wire.links ?? [];
  if (links.length === 0) return <Empty title="No links">It is not tied to spans of other traces.</Empty>;
  return links.map((link, index) => (
    <div key={index} className={classes.event}>
      <h4>
        <JumpLink to={{ path: `/traces/${link.trace_id}`, search: { span: link.span_id } }}>
          Trace {link.trace_id.slice(0, 12)}…, span {link.span_id}
        </JumpLink>
      </h4>
      <AttributeList title="" attributes={link.attributes ?? {}} find="" />
    </div>
  ));
}
