// The keys of a trace's page.
import { useNavigate } from '@tanstack/react-router';
import { useShortcuts } from '@/components/shell/keys';
import { backToList } from '@/components/trace/lastList';
import { foldLevel, rowOfSpan, setSubtree, toggleFold, type Row } from '@/model/trace/rows';
import type { Look } from './useLook';
import type { TraceData } from './useTrace';
import type { TraceView } from './url';

interface Keys extends Look {
  data: TraceData;
  rows: readonly Row[];
  logCount: number;
}

const GROUP = 'Trace';

const key = (name: string, title: string, run: () => void) => ({ keys: name, title, group: GROUP, run });

/** Also where there is no trace to show. */
export function useBackKey(): void {
  const navigate = useNavigate();
  useShortcuts([key('u', 'Back to the traces', () => void navigate({ to: '/traces', search: backToList }))]);
}

export function useTraceKeys(keys: Keys, focusFind: () => void): void {
  const { data, chosen, panel, folded } = keys;
  const isTimeline = keys.state.view === 'timeline';
  const onView = (view: TraceView): void => keys.change({ view });
  useBackKey();
  const onTimeline = isTimeline
    ? [
        key('j', 'Next span', () => move(keys, 1)),
        key('k', 'Span before', () => move(keys, -1)),
        key('arrowdown', 'Next span', () => move(keys, 1)),
        key('arrowup', 'Span before', () => move(keys, -1)),
        key('home', 'First span', () => ends(keys, 0)),
        key('end', 'Last span', () => ends(keys, -1)),
        key('arrowright', 'Unfold, or go to the first child', () => goIn(keys)),
        key('arrowleft', 'Fold, or go to the parent', () => goOut(keys)),
        key('x', 'Fold or unfold all levels of the span', () => foldSubtree(keys)),
        key('+', 'One level more', () => keys.setFolded(foldLevel(data.trace, folded, 1))),
        key('-', 'One level less', () => keys.setFolded(foldLevel(data.trace, folded, -1))),
        key('v', 'Zoom to the span', () => zoomToChosen(keys)),
        key('c', 'Critical path', keys.togglePath),
        ...(keys.logCount === 0 ? [] : [key('l', 'Log lines', keys.toggleLogs)]),
      ]
    : [];
  useShortcuts([
    key('f', 'Find in the trace', focusFind),
    key('n', 'Next match', () => keys.step(1)),
    key('p', 'Match before', () => keys.step(-1)),
    key('e', 'Next error', () => nextError(keys)),
    key('enter', 'Details of the span', () => chosen !== null && keys.openPanel(panel === 'span' ? 'none' : 'span')),
    key('i', 'Findings', keys.toggleFindings),
    key('0', 'Show all of the time', () => keys.zoomTo(null)),
    key('escape', 'Close, clear, zoom out', keys.clear),
    key('1', 'Timeline', () => onView('timeline')),
    key('2', 'Flame graph', () => onView('flame')),
    key('3', 'Spans', () => onView('table')),
    key('4', 'Compare', () => onView('compare')),
    ...onTimeline,
  ]);
}

/** To the next row that is a span. */
function move({ rows, chosen, go }: Keys, by: 1 | -1): void {
  let at = chosen === null ? (by > 0 ? -1 : rows.length) : rowOfSpan(rows, chosen);
  do at += by;
  while (rows[at]?.kind === 'log');
  const row = rows[at];
  if (row !== undefined) go(row.span);
}

/** To the first row, or with -1 the last, that is a span. */
function ends({ rows, go }: Keys, at: 0 | -1): void {
  const row = at === 0 ? rows[0] : rows.findLast((one) => one.kind !== 'log');
  if (row !== undefined) go(row.span);
}

function goIn({ data, folded, chosen, setFolded, go }: Keys): void {
  const span = chosen === null ? undefined : data.trace.spans[chosen];
  const [first] = span?.children ?? [];
  if (span === undefined || first === undefined) return;
  if (folded.has(span.index)) setFolded(toggleFold(folded, span.index));
  else go(first);
}

function goOut({ data, folded, chosen, setFolded, go }: Keys): void {
  const span = chosen === null ? undefined : data.trace.spans[chosen];
  if (span === undefined) return;
  if (span.children.length > 0 && !folded.has(span.index)) setFolded(toggleFold(folded, span.index));
  else if (span.parent >= 0) go(span.parent);
}

function foldSubtree({ data, folded, chosen, setFolded }: Keys): void {
  if (chosen !== null) setFolded(setSubtree(data.trace, folded, chosen, !folded.has(chosen)));
}

function zoomToChosen({ data, chosen, zoomTo }: Keys): void {
  const span = chosen === null ? undefined : data.trace.spans[chosen];
  if (span !== undefined && span.duration > 0) zoomTo({ from: span.start, to: span.end });
}

function nextError({ data, chosen, go }: Keys): void {
  const { spans } = data.trace;
  const after = spans.find((span) => span.isError && span.index > (chosen ?? -1));
  const next = after ?? spans.find((span) => span.isError);
  if (next !== undefined) go(next.index);
}
