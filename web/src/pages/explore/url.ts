// Explore's part of the address: `?a=up&b=rate(x[5m])&off=b&view=table&step=15s&stack=1`.

export type View = 'graph' | 'table' | 'explain';

export interface QueryRow {
  /** `a`–`z`; shown as a capital. */
  id: string;
  expr: string;
  isOn: boolean;
}

export interface ExploreState {
  queries: QueryRow[];
  view: View;
  isStacked: boolean;
  step?: string;
}

/** One letter a query. */
export const QUERIES_MAX = 26;

const VIEWS: View[] = ['graph', 'table', 'explain'];
const isLetter = (name: string): boolean => /^[a-z]$/.test(name);

/** What of an address belongs to this page. */
export function cleanExplore(search: Record<string, unknown>): Record<string, string> {
  const mine = (name: string): boolean => isLetter(name) || ['off', 'view', 'step', 'stack'].includes(name);
  return Object.fromEntries(
    Object.entries(search).filter((entry): entry is [string, string] => mine(entry[0]) && typeof entry[1] === 'string'),
  );
}

export function decodeExplore(search: Record<string, string>): ExploreState {
  const off = new Set((search['off'] ?? '').split(','));
  const queries = Object.keys(search)
    .filter((name) => isLetter(name) && search[name] !== '')
    .sort()
    .map((id) => ({ id, expr: search[id] ?? '', isOn: !off.has(id) }));
  const state: ExploreState = {
    queries: queries.length === 0 ? [{ id: 'a', expr: '', isOn: true }] : queries,
    view: VIEWS.find((view) => view === search['view']) ?? 'graph',
    isStacked: search['stack'] === '1',
  };
  if (search['step'] !== undefined && search['step'] !== '') state.step = search['step'];
  return state;
}

/** Names that are not set are written as empty, so that they vanish from an address they are merged into. */
export function encodeExplore(state: ExploreState): Record<string, string> {
  const out: Record<string, string> = {};
  for (let i = 0; i < QUERIES_MAX; i++) out[String.fromCharCode(97 + i)] = '';
  for (const query of state.queries) out[query.id] = query.expr;
  out['off'] = state.queries
    .filter((query) => !query.isOn && query.expr !== '')
    .map((query) => query.id)
    .join(',');
  out['view'] = state.view === 'graph' ? '' : state.view;
  out['stack'] = state.isStacked ? '1' : '';
  out['step'] = state.step ?? '';
  return out;
}

/** The first letter that is free; null when all are taken. */
export function freeLetter(queries: readonly QueryRow[]): string | null {
  const taken = new Set(queries.map((query) => query.id));
  for (let i = 0; i < QUERIES_MAX; i++) {
    const id = String.fromCharCode(97 + i);
    if (!taken.has(id)) return id;
  }
  return null;
}

/** Prometheus's own links: `g0.expr=up&g0.range_input=1h&g0.end_input=2026-01-01 00:00:00&g0.tab=1`. */
export function fromPrometheus(search: Record<string, string>): Record<string, string> {
  const out: Record<string, string> = {};
  for (let i = 0; i < QUERIES_MAX; i++) {
    const expr = search[`g${i}.expr`];
    if (expr !== undefined && expr !== '') out[String.fromCharCode(97 + i)] = expr;
  }
  const span = search['g0.range_input'];
  const end = search['g0.end_input'] ?? search['g0.moment_input'];
  if (end !== undefined && end !== '') {
    const to = Date.parse(`${end.replace(' ', 'T')}Z`);
    const from = to - spanMillis(span ?? '1h');
    if (!Number.isNaN(from)) Object.assign(out, { from: String(from), to: String(to) });
  } else if (span !== undefined && spanMillis(span) > 0) {
    Object.assign(out, { from: `now-${span}`, to: 'now' });
  }
  if (search['g0.tab'] === '1' || search['g0.tab'] === 'table') out['view'] = 'table';
  if (search['g0.tab'] === 'explain') out['view'] = 'explain';
  const step = search['g0.res_type'] === 'fixed' ? search['g0.res_step'] : search['g0.step_input'];
  if (/^[1-9]\d*$/.test(step ?? '')) out['step'] = `${step}s`;
  if (search['g0.stacked'] === '1' || search['g0.display_mode'] === 'stacked') out['stack'] = '1';
  return out;
}

function spanMillis(text: string): number {
  const size: Record<string, number> = {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
    w: 604_800_000,
    y: 31_536_000_000,
  };
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) total += Number(count) * (size[unit ?? ''] ?? 0);
  return total;
}
