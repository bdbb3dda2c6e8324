// How a trace is looked at: what is chosen, found, folded, zoomed to and shown beside, and how that is changed.
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { recall, remember } from '@/lib/storage';
import { findSpans, nextOf } from '@/model/trace/find';
import type { Finding } from '@/model/trace/findings';
import { reveal, type Folded } from '@/model/trace/rows';
import { isPanel, type Panel } from './SidePanel';
import { useDraft } from './useDraft';
import type { TraceData } from './useTrace';
import { useTraceState } from './useTraceState';
import { printZoom, readZoom, type TraceState, type Zoom } from './url';

export interface Look {
  state: TraceState;
  change: (part: Partial<TraceState>) => void;
  /** Index of the chosen span. */
  chosen: number | null;
  /** Chooses a span and opens what hides it. */
  go: (index: number) => void;
  /** The same, and shows it beside. */
  choose: (index: number) => void;
  find: string;
  search: (text: string) => void;
  found: readonly number[];
  finding: Finding | null;
  activate: (finding: Finding | null) => void;
  /** Spans that are found or meant by the finding; null when nothing is looked for. */
  marked: ReadonlySet<number> | null;
  step: (direction: 1 | -1) => void;
  zoom: Zoom | null;
  zoomTo: (zoom: Zoom | null) => void;
  folded: Folded;
  setFolded: (folded: Folded) => void;
  panel: Panel;
  openPanel: (panel: Panel) => void;
  toggleFindings: () => void;
  showsPath: boolean;
  togglePath: () => void;
  showsLogs: boolean;
  toggleLogs: () => void;
  /** Closes or takes back the last of these. */
  clear: () => void;
}

/** The findings are open from the start where there is room for them. */
const WIDE_PX = 1400;
export const NO_SPANS: ReadonlySet<number> = new Set();
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

export function useLook(data: TraceData): Look {
  const { trace } = data;
  const [state, change] = useTraceState();
  const [spanKey, chooseKey] = useDraft(state.span, (span) => change({ span }));
  const [folded, setFolded] = useState<Folded>(NO_SPANS);
  const [showsLogs, setLogs] = useState(false);
  const [showsPath, setPath] = useState(() => recall('trace.path', isBoolean, false));
  const chosen = spanKey === null ? null : (data.byKey.get(spanKey) ?? null);
  const go = useCallback(
    (index: number): void => {
      setFolded((before) => reveal(trace, before, index));
      chooseKey(trace.spans[index]?.key ?? null);
    },
    [trace, chooseKey],
  );
  const marks = useMarks(data, state, change, chosen, go);
  const sides = usePanel(state.span !== null, marks.finding !== null, go);
  const { zoom, zoomTo } = useZoom(state, change);
  return {
    state,
    change,
    chosen,
    go,
    ...marks,
    ...sides,
    zoom,
    zoomTo,
    folded,
    setFolded,
    showsPath,
    togglePath: () => {
      remember('trace.path', !showsPath);
      setPath(!showsPath);
    },
    showsLogs,
    toggleLogs: () => setLogs(!showsLogs),
    toggleFindings: () => {
      sides.openPanel(sides.panel === 'findings' ? 'none' : 'findings');
      marks.activate(null);
    },
    clear: () => {
      if (marks.finding !== null) marks.activate(null);
      else if (sides.panel === 'span') sides.openPanel('none');
      else if (marks.find !== '') marks.search('');
      else zoomTo(null);
    },
  };
}

type Change = (part: Partial<TraceState>) => void;

function useZoom(state: TraceState, change: Change): Pick<Look, 'zoom' | 'zoomTo'> {
  // As text: two of one meaning are the same.
  const [text, setText] = useDraft(printZoom(state.zoom), (next) => change({ zoom: readZoom(next) }));
  const zoom = useMemo(() => readZoom(text), [text]);
  const zoomTo = useCallback((next: Zoom | null) => setText(printZoom(next)), [setText]);
  return { zoom, zoomTo };
}

type Marks = Pick<Look, 'find' | 'search' | 'found' | 'finding' | 'activate' | 'marked' | 'step'>;

/** What is looked for: the text of the box, or a finding, which comes before it. */
function useMarks(data: TraceData, state: TraceState, change: Change, chosen: number | null, go: Look['go']): Marks {
  const { trace } = data;
  const [find, setFind] = useDraft(state.find, (text) => change({ find: text }));
  const [finding, setFinding] = useState<Finding | null>(null);
  const needle = useDeferredValue(find);
  const found = useMemo(() => findSpans(trace, needle), [trace, needle]);
  const isSought = finding !== null || needle.trim() !== '';
  const marked = useMemo(() => (isSought ? new Set(finding?.spans ?? found) : null), [isSought, finding, found]);
  return {
    find,
    search: (text) => {
      setFinding(null);
      setFind(text);
    },
    found,
    finding,
    activate: (next) => {
      setFinding(next);
      const first = next?.focus ?? next?.spans[0];
      if (first !== undefined) go(first);
    },
    marked,
    step: (direction) => {
      // At Enter right after a letter the list may be that of the text before.
      const list = finding !== null ? finding.spans : needle === find ? found : findSpans(trace, find);
      const next = nextOf(list, chosen ?? -1, direction);
      if (next !== null) go(next);
    },
  };
}

/** What stands beside. A finding that is looked at stays while its spans are chosen, where there is room. */
function usePanel(hasSpan: boolean, hasFinding: boolean, go: Look['go']): Pick<Look, 'panel' | 'openPanel' | 'choose'> {
  const [panel, setPanel] = useState<Panel>(() =>
    hasSpan ? 'span' : recall('trace.panel', isPanel, window.innerWidth >= WIDE_PX ? 'findings' : 'none'),
  );
  const openPanel = useCallback((next: Panel): void => {
    setPanel(next);
    if (next !== 'span') remember('trace.panel', next);
  }, []);
  const choose = useCallback(
    (index: number): void => {
      go(index);
      setPanel((before) => (before === 'findings' && window.innerWidth >= WIDE_PX && hasFinding ? before : 'span'));
    },
    [go, hasFinding],
  );
  return { panel, openPanel, choose };
}
