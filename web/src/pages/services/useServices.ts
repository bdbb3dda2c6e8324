// What the list of services shows: numbers of the range and of the one before it, their course, their releases.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { queryRange } from '@/api/query';
import { useInstants } from '@/components/services/useInstants';
import { useReleases } from '@/components/services/useReleases';
import { useTime } from '@/components/shell/time';
import { millis } from '@/lib/brand';
import { coursesBy, readReds } from '@/model/services/numbers';
import {
  busyQuery,
  errorQuery,
  quantileQuery,
  rateQuery,
  WINDOW_SECONDS_MIN,
  windows,
  type Asked,
  type Window,
} from '@/model/services/queries';
import { buildServices, type Service } from '@/model/services/service';
import { align, niceStep } from '@/model/step';

/** What a small picture can show. */
const POINTS = 48;

type RedName = 'rate' | 'errors' | 'p50' | 'p95' | 'p99' | 'busy';

export function redQueries(asked: Asked, window: Window): Record<RedName, string> {
  return {
    rate: rateQuery(asked, window),
    errors: errorQuery(asked, window),
    p50: quantileQuery(asked, 0.5, window),
    p95: quantileQuery(asked, 0.95, window),
    p99: quantileQuery(asked, 0.99, window),
    busy: busyQuery(asked, window),
  };
}

export interface FoundServices {
  services: Service[];
  error: Error | null;
  isLoading: boolean;
  isStale: boolean;
  warnings: string[];
  refetch: () => void;
}

const ALL: Asked = { by: 'service_name', service: null };

export function useServices(): FoundServices {
  const { resolved } = useTime();
  const { now, before } = windows(resolved.from, resolved.to);
  const end = resolved.to / 1000;
  const current = useInstants(redQueries(ALL, now), end);
  const past = useInstants(redQueries(ALL, before), end);
  const releases = useReleases('');
  const grid = align(resolved, niceStep(millis(resolved.to - resolved.from), POINTS));
  const course = useQuery({
    queryKey: ['services-course', grid],
    queryFn: ({ signal }) => {
      const window = { seconds: Math.max(WINDOW_SECONDS_MIN, grid.step), offset: 0 };
      return queryRange({ query: rateQuery(ALL, window), ...grid }, signal);
    },
    placeholderData: keepPreviousData,
    retry: false,
  });
  const services = useMemo(
    () =>
      buildServices({
        now: readReds(current.answers, 'service_name'),
        before: readReds(past.answers, 'service_name'),
        courses: coursesBy(course.data?.data, 'service_name', grid),
        releases: releases.byService,
      }),
    // The grid is a new object at each render.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [current.answers, past.answers, course.data, releases.byService],
  );
  return {
    services,
    error: current.error,
    isLoading: current.isLoading,
    isStale: current.isStale,
    warnings: current.warnings,
    refetch: current.refetch,
  };
}
