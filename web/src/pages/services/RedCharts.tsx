// Rate, errors and durations of a service over time, with the releases that came.
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useRef, type ReactNode } from 'react';
import { queryExemplars, queryRange } from '@/api/query';
import type { PlacedExemplar } from '@/components/chart/exemplarLayer';
import type { Marker } from '@/components/chart/markerLayer';
import { colourOf } from '@/components/chart/palette';
import { TimeChart } from '@/components/chart/TimeChart';
import { keepShell } from '@/components/shell/shellUrl';
import { useTime } from '@/components/shell/time';
import type { Unit } from '@/lib/format';
import { millis } from '@/lib/brand';
import { buildChart, type Chart } from '@/model/chart';
import { readExemplars, traceOf, type Exemplar } from '@/model/exemplars';
import {
  errorQuery,
  errorShareQuery,
  exemplarQuery,
  quantileQuery,
  rateQuery,
  WINDOW_SECONDS_MIN,
  type Asked,
} from '@/model/services/queries';
import { align, niceStep, type Grid } from '@/model/step';
import { zoomIn, zoomOut, type TimeRange } from '@/model/timeRange';
import classes from './Service.module.css';

/** Of a third of the page. */
const POINTS = 150;

interface Line {
  name: string;
  query: string;
  isBad?: boolean;
}

export function RedCharts({ service, markers }: { service: string; markers: readonly Marker[] }) {
  const { resolved } = useTime();
  const grid = align(resolved, niceStep(millis(resolved.to - resolved.from), POINTS));
  const window = { seconds: Math.max(WINDOW_SECONDS_MIN, grid.step), offset: 0 };
  const asked: Asked = { by: '', service };
  const dots = useDots(service, grid);
  return (
    <div className={classes.charts}>
      <Card
        title="Requests"
        unit="per-second"
        grid={grid}
        markers={markers}
        lines={[
          { name: 'all', query: rateQuery(asked, window) },
          { name: 'failed', query: errorQuery(asked, window), isBad: true },
        ]}
      />
      <Card
        title="Errors"
        unit="ratio"
        grid={grid}
        markers={markers}
        lines={[{ name: 'share of requests', query: errorShareQuery(asked, window), isBad: true }]}
      />
      <Card
        title="Duration"
        unit="seconds"
        grid={grid}
        markers={markers}
        dots={dots}
        note={dots.length > 0 ? '◆ opens a trace' : undefined}
        lines={[0.5, 0.95, 0.99].map((quantile) => ({
          name: `p${quantile * 100}`,
          query: quantileQuery(asked, quantile, window),
        }))}
      />
    </div>
  );
}

interface CardProps {
  title: string;
  unit: Unit;
  grid: Grid;
  markers: readonly Marker[];
  lines: Line[];
  dots?: PlacedExemplar[];
  note?: ReactNode;
}

/** More would hide the lines of so small a graph. */
const DOTS_MAX = 60;

const NO_DOTS: PlacedExemplar[] = [];

function Card({ title, unit, grid, markers, lines, dots = NO_DOTS, note }: CardProps) {
  const { utc } = useTime();
  const navigate = useNavigate();
  const zoom = useZoom();
  const { chart, isLoading, error } = useCourse(lines, unit, grid);
  const open = (exemplar: Exemplar): void => {
    const traceId = traceOf(exemplar.labels);
    if (traceId === null) return;
    const span = exemplar.labels['span_id'];
    void navigate({
      to: '/traces/$traceId',
      params: { traceId },
      search: (previous: object) => ({ ...keepShell(previous), ...(span === undefined ? {} : { span }) }),
    });
  };
  return (
    <section className={classes.card} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {chart.series.map((series, index) => (
          <span key={series.key} className={classes.line}>
            <i style={{ background: colourOf(index, series.isBad) }} />
            {series.name}
          </span>
        ))}
        {note !== undefined && <small>{note}</small>}
      </header>
      {error !== null ? (
        <p className={classes.none}>{error.message}</p>
      ) : chart.series.length === 0 ? (
        <p className={classes.none}>{isLoading ? 'Loading…' : 'No requests in this time range'}</p>
      ) : (
        <TimeChart
          chart={chart}
          exemplars={dots}
          markers={markers}
          isStacked={false}
          fromZero
          utc={utc}
          isolated={null}
          highlighted={null}
          onZoom={zoom.into}
          onZoomBack={zoom.back}
          onExemplar={open}
        />
      )}
    </section>
  );
}

function useCourse(lines: Line[], unit: Unit, grid: Grid): { chart: Chart; isLoading: boolean; error: Error | null } {
  const results = useQueries({
    queries: lines.map(({ query }) => ({
      queryKey: ['range', query, grid.start, grid.end, grid.step],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryRange({ query, ...grid }, signal),
      placeholderData: keepPreviousData,
      gcTime: 30_000,
    })),
  });
  const stamp = results.map((one) => one.dataUpdatedAt).join();
  const chart = useMemo(
    () => {
      const built = buildChart(
        results.flatMap((one, index) => {
          const name = lines[index]?.name ?? '';
          return one.data === undefined ? [] : [{ query: name, expr: name, data: one.data.data, unit }];
        }),
        grid,
      );
      const bad = new Set(lines.filter((line) => line.isBad === true).map((line) => line.name));
      return { ...built, series: built.series.map((one) => ({ ...one, isBad: bad.has(one.query) })) };
    },
    // The results are new objects at each render; their stamps are not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [stamp, unit, grid.start, grid.end, grid.step, lines.map((line) => line.query).join()],
  );
  return {
    chart,
    isLoading: results.some((one) => one.isLoading),
    error: results.find((one) => one.error !== null)?.error ?? null,
  };
}

/** Single requests with their traces. Durations are counted in milliseconds. */
function useDots(service: string, grid: Grid): PlacedExemplar[] {
  const query = exemplarQuery(service);
  const { data } = useQuery({
    queryKey: ['exemplars', query, grid.start, grid.end],
    queryFn: ({ signal }) => queryExemplars(query, grid.start, grid.end, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return useMemo(
    () =>
      readExemplars('duration', data?.data ?? [])
        .filter((one) => traceOf(one.labels) !== null)
        // The longest: those are looked for.
        .slice(0, DOTS_MAX)
        .map((one) => {
          const exemplar: Exemplar = { ...one, value: one.value / 1000, unit: 'seconds' };
          return { exemplar, y: exemplar.value, unit: 'seconds' };
        }),
    [data],
  );
}

function useZoom(): { into: (from: number, to: number) => void; back: () => void } {
  const time = useTime();
  const stack = useRef<TimeRange[]>([]);
  return {
    into: (from, to) => {
      stack.current.push(time.range);
      time.setRange(zoomIn(from * 1000, to * 1000));
    },
    back: () => time.setRange(stack.current.pop() ?? zoomOut(time.range, time.resolved)),
  };
}
