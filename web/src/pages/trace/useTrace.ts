// The trace of the page, its log lines, and what is computed from them once.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { searchEvents, type WireSpan } from '@/api/events';
import { traceById, type WireTrace } from '@/api/traces';
import { formatCount } from '@/lib/format';
import { clockShifts } from '@/model/trace/alignClocks';
import { criticalPath, piecesBySpan, type PathPiece } from '@/model/trace/criticalPath';
import { findAll, type Finding } from '@/model/trace/findings';
import { findSkew } from '@/model/trace/findings/skew';
import { toMillis } from '@/model/trace/instant';
import { readLogs, type TraceLogs } from '@/model/trace/logs';
import { openedTrace } from '@/model/trace/opened';
import { pathTree, type PathNode } from '@/model/trace/pathTree';
import { selfTimes } from '@/model/trace/selfTime';
import { buildTrace, type Trace } from '@/model/trace/trace';

/** A trace and what the views need of it. */
export interface TraceData {
  trace: Trace;
  selfs: Float64Array;
  path: PathPiece[];
  pathOf: ReadonlyMap<number, readonly PathPiece[]>;
  findings: Finding[];
  /** Computed when it is first asked for. */
  tree: () => PathNode;
  /** Keys of spans; the first with an id has it for its key. */
  byKey: ReadonlyMap<string, number>;
  isFromFile: boolean;
  /** Some clocks differ: spans can be moved so that they agree. */
  hasSkew: boolean;
  /** They are moved. */
  isAligned: boolean;
}

export interface TraceQuery {
  data: TraceData | null;
  error: Error | null;
  isLoading: boolean;
  refetch: () => void;
}

export function useTrace(id: string | null, isAligned: boolean): TraceQuery {
  const query = useQuery({
    queryKey: ['trace', id],
    queryFn: async ({ signal }) => openedTrace(id ?? '') ?? (await traceById(id ?? '', signal)),
    enabled: id !== null,
    // Megabytes that seldom change: asked for again when somebody asks.
    staleTime: Infinity,
    structuralSharing: false,
  });
  const wire = query.data;
  const data = useMemo(() => (wire === undefined ? null : read(wire, isAligned)), [wire, isAligned]);
  const { refetch: ask } = query;
  const refetch = useCallback(() => void ask(), [ask]);
  return { data, error: query.error, isLoading: query.isLoading, refetch };
}

function read(wire: WireTrace, isAligned: boolean): TraceData {
  const sent = buildTrace(wire);
  const shifts = clockShifts(sent);
  const hasSkew = shifts.size > 0;
  if (!isAligned || !hasSkew) return { ...derive(sent, findSkew(sent)), hasSkew, isAligned: false };
  const trace = buildTrace(wire, shifts);
  // What was found of the clocks stays true, at the places where the spans stand now.
  const places = new Map(trace.spans.map((span) => [span.wire, span.index]));
  const moved = (index: number): number => places.get(sent.spans[index]?.wire as WireSpan) ?? index;
  const skew = findSkew(sent).map((finding) => ({ ...finding, spans: finding.spans.map(moved) }));
  return { ...derive(trace, skew), hasSkew, isAligned: true };
}

function derive(trace: Trace, skew: Finding[]): Omit<TraceData, 'hasSkew' | 'isAligned'> {
  const selfs = selfTimes(trace);
  const path = criticalPath(trace);
  return {
    trace,
    selfs,
    path,
    pathOf: piecesBySpan(path),
    findings: findAll(trace, selfs, skew),
    tree: once(() => pathTree(trace, selfs)),
    byKey: new Map(trace.spans.map((span) => [span.key, span.index])),
    isFromFile: openedTrace(trace.id) !== undefined,
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/** Lines are written while the spans run; clocks and buffers put some of them around. */
const BEFORE_S = 300;
const AFTER_S = 1800;
/** More are on the page of logs. */
const LOGS_MAX = 2000;

export interface LogsQuery {
  logs: TraceLogs;
  /** Why there are none, or not all. */
  note: string | null;
  /** None are missing. */
  isWhole: boolean;
}

const NONE: TraceLogs = { lines: [], bySpan: new Map() };

export function useTraceLogs(data: TraceData | null): LogsQuery {
  const start = data === null ? 0 : toMillis(data.trace.start) / 1000;
  const end = start + (data?.trace.duration ?? 0) / 1e9;
  const query = useQuery({
    queryKey: ['trace-logs', data?.trace.id, start, end],
    queryFn: ({ signal }) =>
      searchEvents(
        { kind: 'log', q: `trace_id:${data?.trace.id ?? ''}`, start: start - BEFORE_S, end: end + AFTER_S },
        { limit: LOGS_MAX, order: 'asc' },
        signal,
      ),
    enabled: data !== null && !data.isFromFile,
    staleTime: Infinity,
    retry: false,
  });
  const found = query.data;
  const logs = useMemo(
    () => (data === null || found === undefined ? NONE : readLogs(found.events, data.trace, data.byKey)),
    [data, found],
  );
  const isCut = (found?.next ?? null) !== null;
  const note =
    query.error !== null
      ? `The log lines could not be loaded: ${query.error.message}`
      : isCut
        ? `The first ${formatCount(LOGS_MAX)}; all are on the page of logs.`
        : null;
  return { logs, note, isWhole: found !== undefined && query.error === null && !isCut };
}
