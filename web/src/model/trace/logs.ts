// Log lines of a trace, each with the span that wrote it.
import type { WireLog } from '@/api/events';
import { between, parseInstant } from './instant';
import type { Trace } from './trace';

export type Level = 'error' | 'warn' | 'info' | 'debug';

export interface LogLine {
  wire: WireLog;
  /** Nanoseconds after the trace's start; before it when negative. */
  at: number;
  level: Level;
  /** Index of its span; -1 when it names none that is here. */
  span: number;
}

export interface TraceLogs {
  /** In the order of time. */
  lines: LogLine[];
  /** Places in `lines` by index of the span. */
  bySpan: ReadonlyMap<number, readonly number[]>;
}

export function readLogs(events: readonly WireLog[], trace: Trace, byKey: ReadonlyMap<string, number>): TraceLogs {
  const lines = events
    .map((wire): LogLine => {
      const at = parseInstant(wire.time);
      const span = byKey.get(wire.span_id ?? '') ?? -1;
      return {
        wire,
        // Its clock is that of its span.
        at: at === null ? 0 : between(trace.start, at) + (trace.spans[span]?.shift ?? 0),
        level: levelOf(wire.severity),
        span,
      };
    })
    .sort((a, b) => a.at - b.at);
  const bySpan = new Map<number, number[]>();
  lines.forEach((line, place) => {
    const known = bySpan.get(line.span);
    if (known === undefined) bySpan.set(line.span, [place]);
    else known.push(place);
  });
  return { lines, bySpan };
}

/** OpenTelemetry's severity numbers; 0 says nothing and is taken for information. */
export function levelOf(severity: number): Level {
  if (severity >= 17) return 'error';
  if (severity >= 13) return 'warn';
  return severity >= 9 || severity === 0 ? 'info' : 'debug';
}
