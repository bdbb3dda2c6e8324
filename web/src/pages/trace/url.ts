// A trace's part of the address: `?view=table&span=00f0…&find=select&zoom=120-4500&with=<other trace>`.
export const TRACE_VIEWS = ['timeline', 'flame', 'table', 'compare'] as const;
export type TraceView = (typeof TRACE_VIEWS)[number];

export const GROUPINGS = ['span', 'service', 'operation', 'work'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** A piece of the trace, in nanoseconds after its start. */
export interface Zoom {
  from: number;
  to: number;
}

export interface TraceState {
  view: TraceView;
  /** The key of the span that is shown beside: its id, mostly. */
  span: string | null;
  find: string;
  zoom: Zoom | null;
  group: Grouping;
  /** The trace to compare with. */
  other: string | null;
  /** Spans are moved so that clocks agree. */
  isAligned: boolean;
}

const KEYS = ['view', 'span', 'find', 'zoom', 'group', 'with', 'clocks'];

export function cleanTrace(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] => KEYS.includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

export function decodeTrace(search: Record<string, string>): TraceState {
  return {
    view: TRACE_VIEWS.find((view) => view === search['view']) ?? 'timeline',
    span: orNull(search['span']),
    find: search['find'] ?? '',
    zoom: readZoom(search['zoom'] ?? ''),
    group: GROUPINGS.find((group) => group === search['group']) ?? 'span',
    other: orNull(search['with']),
    isAligned: search['clocks'] === 'aligned',
  };
}

export function encodeTrace(state: TraceState): Record<string, string> {
  return {
    view: state.view === 'timeline' ? '' : state.view,
    span: state.span ?? '',
    find: state.find,
    zoom: printZoom(state.zoom),
    group: state.group === 'span' ? '' : state.group,
    with: state.other ?? '',
    clocks: state.isAligned ? 'aligned' : '',
  };
}

export function printZoom(zoom: Zoom | null): string {
  return zoom === null ? '' : `${Math.round(zoom.from)}-${Math.round(zoom.to)}`;
}

export function readZoom(text: string): Zoom | null {
  const match = /^(\d+)-(\d+)$/.exec(text);
  const zoom = { from: Number(match?.[1]), to: Number(match?.[2]) };
  return zoom.from < zoom.to ? zoom : null;
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
