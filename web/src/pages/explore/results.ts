// What the queries of the page answer, and what it cost to ask.
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ApiError, type Answer } from '@/api/client';
import { explain, type WireExplain } from '@/api/explain';
import { queryExemplars, queryInstant, queryRange, type QueryData, type WireExemplarSeries } from '@/api/query';
import type { Unit } from '@/lib/format';
import type { Grid } from '@/model/step';
import { readExemplars, type Exemplar } from '@/model/exemplars';
import type { QueryRow } from './url';

export interface Result {
  /** `A` */
  letter: string;
  expr: string;
  answer: Answer<QueryData> | undefined;
  /** Milliseconds from asking to the parsed answer. */
  took: number | undefined;
  error: ApiError | null;
  /** What this row answered before its query failed; null when it has not failed. */
  before: { expr: string; answer: Answer<QueryData> } | null;
  isLoading: boolean;
  isFetching: boolean;
}

/** What each query's values count. */
export type ExploreUnits = ReadonlyMap<string, Unit>;

/** A graph of an hour ago is asked for again rather than kept: each may hold megabytes. */
const KEEP_MS = 20_000;

export function activeQueries(queries: readonly QueryRow[]): QueryRow[] {
  return queries.filter((query) => query.isOn && query.expr !== '');
}

interface Timed {
  answer: Answer<QueryData>;
  took: number;
}

/**
 * The last answer of each row, shown until the next one comes: a graph that is refreshed or zoomed does not blink.
 * (`useQueries` forgets it when the key changes.) One answer a row and kind, so it does not grow.
 */
const answers = new Map<string, { expr: string; answer: unknown }>();

function last<T>(kind: string, query: QueryRow): T | undefined {
  const known = answers.get(`${kind} ${query.id}`);
  return known?.expr === query.expr ? (known.answer as T) : undefined;
}

/** Whatever the row asked then. */
function before(kind: string, query: QueryRow | undefined): Result['before'] {
  const known = query === undefined ? undefined : answers.get(`${kind} ${query.id}`);
  return known === undefined ? null : { expr: known.expr, answer: (known.answer as Timed).answer };
}

async function remembered<T>(kind: string, query: QueryRow, work: Promise<T>): Promise<T> {
  const answer = await work;
  answers.set(`${kind} ${query.id}`, { expr: query.expr, answer });
  return answer;
}

async function timed(work: Promise<Answer<QueryData>>): Promise<Timed> {
  const began = performance.now();
  const answer = await work;
  return { answer, took: performance.now() - began };
}

export function useRangeResults(queries: readonly QueryRow[], grid: Grid, enabled: boolean): Result[] {
  const active = activeQueries(queries);
  const observed = useQueries({
    queries: active.map((query) => ({
      queryKey: ['range', query.expr, grid.start, grid.end, grid.step],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        remembered('range', query, timed(queryRange({ query: query.expr, ...grid }, signal))),
      placeholderData: () => last<Timed>('range', query),
      staleTime: Infinity,
      gcTime: KEEP_MS,
      enabled,
    })),
  });
  return observed.map((one, index) => toResult('range', active[index], one));
}

export function useInstantResults(queries: readonly QueryRow[], time: number, enabled: boolean): Result[] {
  const active = activeQueries(queries);
  const observed = useQueries({
    queries: active.map((query) => ({
      queryKey: ['instant', query.expr, time],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        remembered('instant', query, timed(queryInstant(query.expr, time, signal))),
      placeholderData: () => last<Timed>('instant', query),
      staleTime: Infinity,
      gcTime: KEEP_MS,
      enabled,
    })),
  });
  return observed.map((one, index) => toResult('instant', active[index], one));
}

interface Observed {
  data: Timed | undefined;
  error: Error | null;
  isLoading: boolean;
  isFetching: boolean;
}

function toResult(kind: string, query: QueryRow | undefined, one: Observed): Result {
  return {
    letter: (query?.id ?? '').toUpperCase(),
    expr: query?.expr ?? '',
    answer: one.error === null ? one.data?.answer : undefined,
    took: one.data?.took,
    before: one.error === null ? null : before(kind, query),
    error:
      one.error === null
        ? null
        : one.error instanceof ApiError
          ? one.error
          : new ApiError(0, 'internal', one.error.message),
    isLoading: one.isLoading,
    isFetching: one.isFetching,
  };
}

/** Servers without exemplars answer with an error: no dots, and no complaint. */
export function useExemplars(queries: readonly QueryRow[], grid: Grid, enabled: boolean): Exemplar[] {
  const active = activeQueries(queries);
  const observed = useQueries({
    queries: active.map((query) => ({
      queryKey: ['exemplars', query.expr, grid.start, grid.end],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        remembered('exemplars', query, queryExemplars(query.expr, grid.start, grid.end, signal)),
      placeholderData: () => last<Answer<WireExemplarSeries[] | null>>('exemplars', query),
      staleTime: Infinity,
      gcTime: KEEP_MS,
      retry: false,
      enabled,
    })),
  });
  const found = observed.map((one) => one.data?.data ?? []);
  const stamp = observed.map((one) => `${one.dataUpdatedAt} ${one.data?.data?.length ?? 0}`).join();
  return useMemo(
    () => found.flatMap((wire, index) => readExemplars((active[index]?.id ?? '').toUpperCase(), wire)),
    // The answers are new arrays at each render; their stamps are not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [stamp, active.map((query) => query.id + query.expr).join()],
  );
}

/** Whether this server explains queries: asked once. */
export function useExplainExists(): boolean {
  const probe = useQuery({
    queryKey: ['explain-exists'],
    queryFn: async ({ signal }) => {
      try {
        await explain({ query: 'vector(1)', start: 0, end: 0, step: 1 }, signal);
        return true;
      } catch (error) {
        return !(error instanceof ApiError && (error.isMissing || error.isUnreachable));
      }
    },
    staleTime: Infinity,
    gcTime: Infinity,
  });
  return probe.data ?? false;
}

export function useExplain(
  query: string,
  grid: Grid,
): { data: WireExplain | undefined; error: Error | null; isLoading: boolean } {
  return useQuery({
    queryKey: ['explain', query, grid.start, grid.end, grid.step],
    queryFn: ({ signal }) => explain({ query, ...grid }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: KEEP_MS,
  });
}
