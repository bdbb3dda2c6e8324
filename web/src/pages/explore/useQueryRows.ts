// The list of queries: what the address holds, what is typed and not yet run, and rows that are still empty.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useTime } from '@/components/shell/time';
import { recordPast } from '@/model/history';
import { decodeExplore, encodeExplore, freeLetter, type ExploreState, type QueryRow } from './url';

export interface DraftRow extends QueryRow {
  /** What stands in the editor. */
  draft: string;
}

export interface QueryRows {
  state: ExploreState;
  rows: DraftRow[];
  /** Something is typed that was not run. */
  isChanged: boolean;
  change: (part: Partial<ExploreState>) => void;
  type: (id: string, text: string) => void;
  run: () => void;
  add: (expr?: string) => void;
  remove: (id: string) => void;
  toggle: (id: string) => void;
}

interface Draft {
  /** The query that was edited: a draft of another one is void. */
  base: string;
  text: string;
}

export function useQueryRows(): QueryRows {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const time = useTime();
  const state = useMemo(() => decodeExplore(search as Record<string, string>), [search]);
  const [drafts, setDrafts] = useState<Record<string, Draft>>({});
  const [extra, setExtra] = useState<string[]>([]);

  // What a link brought ran, too.
  const ran = state.queries.map((query) => query.expr).join('\0');
  useEffect(() => {
    recordPast('promql', ran.split('\0'), Date.now());
  }, [ran]);

  const rows = useMemo(() => mergeRows(state.queries, drafts, extra), [state.queries, drafts, extra]);

  const change = useCallback(
    (part: Partial<ExploreState>) => {
      const next = { ...decodeExplore(search as Record<string, string>), ...part };
      void navigate({ to: '.', search: (previous: object) => ({ ...previous, ...encodeExplore(next) }) });
    },
    [navigate, search],
  );
  const commit = (next: DraftRow[]): void => {
    setDrafts({});
    setExtra(next.filter((row) => row.draft.trim() === '').map((row) => row.id));
    change({ queries: next.map((row) => ({ id: row.id, expr: row.draft.trim(), isOn: row.isOn })) });
  };

  return {
    state,
    rows,
    isChanged: rows.some((row) => row.draft.trim() !== row.expr),
    change,
    type: (id, text) => {
      const base = rows.find((row) => row.id === id)?.expr ?? '';
      setDrafts((all) => ({ ...all, [id]: { base, text } }));
    },
    run: () => {
      recordPast(
        'promql',
        rows.map((row) => row.draft),
        Date.now(),
      );
      const isChanged = rows.some((row) => row.draft.trim() !== row.expr);
      if (isChanged) commit(rows);
      else time.refresh();
    },
    add: (expr = '') => {
      const id = freeLetter(rows);
      if (id === null) return;
      const onlyEmpty = rows.length === 1 && rows[0]?.draft.trim() === '' ? rows[0] : null;
      if (expr === '') setExtra((all) => [...all, id]);
      else if (onlyEmpty !== null) commit([{ ...onlyEmpty, draft: expr }]);
      else commit([...rows, { id, expr: '', draft: expr, isOn: true }]);
    },
    remove: (id) =>
      commit(rows.length === 1 ? rows.map((row) => ({ ...row, draft: '' })) : rows.filter((row) => row.id !== id)),
    toggle: (id) => commit(rows.map((row) => (row.id === id ? { ...row, isOn: !row.isOn } : row))),
  };
}

export function mergeRows(
  queries: readonly QueryRow[],
  drafts: Record<string, Draft>,
  extra: readonly string[],
): DraftRow[] {
  const known = new Set(queries.map((query) => query.id));
  const fresh = extra.filter((id) => !known.has(id)).map((id) => ({ id, expr: '', isOn: true }));
  // A lone empty row stands for nothing; it gives way to rows that were added.
  const all = [...queries, ...fresh].sort((x, y) => x.id.localeCompare(y.id));
  return all.map((query) => {
    const draft = drafts[query.id];
    return { ...query, draft: draft !== undefined && draft.base === query.expr ? draft.text : query.expr };
  });
}
