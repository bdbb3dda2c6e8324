// Logs' part of the address: `?q=severity:error&view=group&by=service&agg=count,p95(duration)&order=-count`.
import { COLUMNS_MAX } from '@/model/logs/columns';
import type { PatternOrder } from '@/model/logs/pattern';

export type LogsView = 'lines' | 'patterns' | 'group';

export interface LogsState {
  q: string;
  view: LogsView;
  /** Lines as they come. */
  live: boolean;
  /** The id of the line whose surroundings are open. */
  context: string | null;
  /** The id of the line opened last: whoever comes back finds it open. */
  line: string | null;
  by: string[];
  agg: string[];
  /** The oldest line first. */
  isOldestFirst: boolean;
  /** Fields that have a column of the list. */
  cols: string[];
  /** A column of the table, `-` before it for the largest first; empty for the first aggregate. */
  order: string;
  sort: PatternOrder;
}

const KEYS = ['q', 'view', 'live', 'context', 'line', 'by', 'agg', 'cols', 'dir', 'order', 'sort'];
const VIEWS: LogsView[] = ['lines', 'patterns', 'group'];
const SORTS: PatternOrder[] = ['count', 'rare', 'severity', 'new'];
const BY = ['service'];
const AGG = ['count', 'error_rate'];

export function cleanLogs(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] => KEYS.includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

export function decodeLogs(search: Record<string, string>): LogsState {
  const view = VIEWS.find((one) => one === search['view']) ?? 'lines';
  return {
    q: search['q'] ?? '',
    view,
    live: view === 'lines' && search['live'] === '1',
    context: orNull(search['context']),
    line: orNull(search['line']),
    by: listOf(search['by']) ?? BY,
    agg: listOf(search['agg']) ?? AGG,
    isOldestFirst: search['dir'] === 'asc',
    cols: (listOf(search['cols']) ?? []).slice(0, COLUMNS_MAX),
    order: search['order'] ?? '',
    sort: SORTS.find((one) => one === search['sort']) ?? 'count',
  };
}

export function encodeLogs(state: LogsState): Record<string, string> {
  return {
    q: state.q,
    view: state.view === 'lines' ? '' : state.view,
    live: state.live && state.view === 'lines' ? '1' : '',
    context: state.context ?? '',
    line: state.line ?? '',
    by: printList(state.by, BY),
    agg: printList(state.agg, AGG),
    cols: state.cols.join(),
    dir: state.isOldestFirst ? 'asc' : '',
    order: state.order,
    sort: state.sort === 'count' ? '' : state.sort,
  };
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/** `none` stands for an empty list, as an empty text stands for what is usual. */
function listOf(text: string | undefined): string[] | null {
  if (text === undefined || text === '') return null;
  if (text === 'none') return [];
  return text.split(',').filter((one) => one !== '');
}

function printList(list: readonly string[], usual: readonly string[]): string {
  if (list.join() === usual.join()) return '';
  return list.length === 0 ? 'none' : list.join();
}
