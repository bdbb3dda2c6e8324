// Several instant queries at once, each with a name.
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { queryInstant, type QueryData } from '@/api/query';

export interface Instants<Name extends string> {
  answers: Record<Name, QueryData | undefined>;
  error: Error | null;
  /** Something has not been answered yet. */
  isLoading: boolean;
  isFetching: boolean;
  isStale: boolean;
  warnings: string[];
  refetch: () => void;
}

/** `seconds` since 1970. */
export function useInstants<Name extends string>(
  queries: Record<Name, string>,
  seconds: number,
  enabled = true,
): Instants<Name> {
  const names = Object.keys(queries) as Name[];
  const results = useQueries({
    queries: names.map((name) => ({
      queryKey: ['instant', queries[name], seconds],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryInstant(queries[name], seconds, signal),
      placeholderData: keepPreviousData,
      gcTime: 60_000,
      enabled,
    })),
  });
  const stamp = results.map((one) => `${one.dataUpdatedAt} ${one.isPlaceholderData}`).join();
  const answers = useMemo(
    () =>
      Object.fromEntries(names.map((name, index) => [name, results[index]?.data?.data])) as Record<
        Name,
        QueryData | undefined
      >,
    // The results are new objects at each render; their stamps are not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [stamp, names.join()],
  );
  return {
    answers,
    error: results.find((one) => one.error !== null)?.error ?? null,
    isLoading: results.some((one) => one.isLoading),
    isFetching: results.some((one) => one.isFetching),
    isStale: results.some((one) => one.isPlaceholderData),
    warnings: [...new Set(results.flatMap((one) => one.data?.warnings ?? []))],
    refetch: () => results.forEach((one) => void one.refetch()),
  };
}
