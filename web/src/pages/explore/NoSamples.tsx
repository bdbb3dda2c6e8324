// A query that is right and found nothing: because its metric does not exist, or because of what else it asks.
import { useQueries, useQuery } from '@tanstack/react-query';
import { Fragment, type ReactNode } from 'react';
import { metricNames, series } from '@/api/metadata';
import { Empty } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { search } from '@/lib/fuzzy';
import { quote } from '@/model/labels';
import { metricsOf } from '@/model/selector';

interface Props {
  exprs: readonly string[];
  title: string;
  children: ReactNode;
}

/** Close by in their letters. */
const ALIKE_MAX = 3;

export function NoSamples({ exprs, title, children }: Props) {
  const missing = useMissing([...new Set(exprs.flatMap(metricsOf))]);
  const alike = useAlike(missing);
  if (missing.length === 0) return <Empty title={title}>{children}</Empty>;
  return (
    <Empty
      title={
        missing.length === 1 ? `There is no metric ${missing.join()}` : `There are no metrics ${missing.join(' and ')}`
      }
    >
      <p>No series that is kept is called that.</p>
      {alike.length > 0 && (
        <p>
          There is{' '}
          {alike.map((name, index) => (
            <Fragment key={name}>
              {index > 0 && ', '}
              <code>{name}</code>
            </Fragment>
          ))}
          .
        </p>
      )}
    </Empty>
  );
}

/** Those of which nothing is kept, at any time. */
function useMissing(names: readonly string[]): string[] {
  const { now } = useTime();
  const end = Math.ceil(now / 1000);
  const found = useQueries({
    queries: names.map((name) => ({
      queryKey: ['metric-exists', name, end],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        series({ match: `{__name__=${quote(name)}}`, start: 0, end, limit: 1, signal }),
      retry: false,
    })),
  });
  return names.filter((_, index) => found[index]?.data?.length === 0);
}

function useAlike(missing: readonly string[]): string[] {
  const { now } = useTime();
  const end = Math.floor(now / 1000);
  const names = useQuery({
    queryKey: ['metric-names'],
    queryFn: ({ signal }) => metricNames({ start: end - 3600, end }, 20_000, signal),
    staleTime: 30_000,
    enabled: missing.length > 0,
  });
  return [...new Set(missing.flatMap((name) => search(name, names.data ?? [], (one) => one, ALIKE_MAX)))].slice(
    0,
    ALIKE_MAX,
  );
}
