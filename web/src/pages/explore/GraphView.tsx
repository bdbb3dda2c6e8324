import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import { CopyButton, Empty } from '@/components/common/PageState';
import type { PlacedExemplar } from '@/components/chart/exemplarLayer';
import { Legend } from '@/components/chart/Legend';
import { NO_GUTTER, type Gutter } from '@/components/chart/options';
import { TimeChart } from '@/components/chart/TimeChart';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { formatCount, formatValue } from '@/lib/format';
import { buildChart, planGraphs, type Axes, type Chart } from '@/model/chart';
import { placeExemplar, traceOf, type Exemplar } from '@/model/exemplars';
import type { Grid } from '@/model/step';
import { printMoment, zoomIn, zoomOut, type TimeRange } from '@/model/timeRange';
import { NoSamples } from './NoSamples';
import { useExemplars, type ExploreUnits, type Result } from './results';
import type { QueryRow } from './url';
import classes from './Explore.module.css';

interface Props {
  results: Result[];
  grid: Grid;
  units: ExploreUnits;
  isStacked: boolean;
  queries: QueryRow[];
}

export function GraphView({ results, grid, units, isStacked, queries }: Props) {
  const { utc } = useTime();
  const zoom = useZoom();
  const chart = useChart(results, grid, units);
  const dots = usePlaced(useExemplars(queries, grid, true), chart, units, results);
  const [isolated, setIsolated] = useState<ReadonlySet<string> | null>(null);
  const [highlighted, setHighlighted] = useState<string | null>(null);
  const [kept, setKept] = useState<Exemplar | null>(null);
  // Series that are gone cannot hide the ones that are there.
  const active = isolated !== null && chart.series.some((one) => isolated.has(one.key)) ? isolated : null;

  if (chart.series.length === 0) {
    return <NoLines chart={chart} exprs={results.map((one) => one.expr)} onBack={zoom.back} />;
  }
  const drawn = active === null ? chart.series : chart.series.filter((one) => active.has(one.key));
  const graphs = planGraphs(drawn.map((one) => one.unit));
  return (
    <>
      <div className={classes.chart} data-several={graphs.length > 1 || undefined}>
        {graphs.map((axes) => (
          <TimeChart
            key={axes.left}
            chart={chart}
            axes={axes}
            gutter={graphs.length > 1 ? gutterOf(graphs) : NO_GUTTER}
            exemplars={dots}
            isStacked={isStacked}
            utc={utc}
            isolated={active}
            highlighted={highlighted}
            onZoom={zoom.into}
            onZoomBack={zoom.back}
            onExemplar={setKept}
          />
        ))}
      </div>
      {kept !== null && <KeptExemplar exemplar={kept} utc={utc} onClose={() => setKept(null)} />}
      <Legend
        chart={chart}
        graphs={graphs}
        isolated={active}
        onHover={setHighlighted}
        onIsolate={(key, isToggle) => setIsolated(nextIsolated(active, key, isToggle, chart))}
        note={note(chart, isStacked ? graphs : [])}
      />
    </>
  );
}

/** As wide as the numbers of most units. */
const AXIS_PX = 76;

function gutterOf(graphs: readonly Axes[]): Gutter {
  return { left: AXIS_PX, right: graphs.some((axes) => axes.right !== null) ? AXIS_PX : NO_GUTTER.right };
}

/** A click shows one line alone, or all again; with Ctrl or ⌘ it adds and takes away. */
export function nextIsolated(
  now: ReadonlySet<string> | null,
  key: string,
  isToggle: boolean,
  chart: Chart,
): ReadonlySet<string> | null {
  if (!isToggle) return now?.size === 1 && now.has(key) ? null : new Set([key]);
  const next = new Set(now ?? chart.series.map((one) => one.key));
  if (!next.delete(key)) next.add(key);
  return next.size === 0 || next.size === chart.series.length ? null : next;
}

function note(chart: Chart, stacked: readonly Axes[]): string | null {
  const parts = [];
  if (stacked.some((axes) => axes.right !== null)) parts.push('Only the left axis is stacked: two units have no sum');
  if (chart.hidden > 0)
    parts.push(`${formatCount(chart.hidden)} more series are not drawn: topk() or a sum would make them fewer`);
  if (chart.histograms > 0)
    parts.push(`${formatCount(chart.histograms)} native histograms: see the table, or take histogram_quantile()`);
  return parts.length === 0 ? null : parts.join(' · ');
}

function NoLines({ chart, exprs, onBack }: { chart: Chart; exprs: readonly string[]; onBack: () => void }) {
  if (chart.histograms > 0) {
    return (
      <Empty title={`${chart.histograms} native histograms have no line`}>
        The table draws them as bars; <code>histogram_quantile(0.9, …)</code> makes lines of them.
      </Empty>
    );
  }
  return (
    <NoSamples exprs={exprs} title="No samples in this time range">
      <p>
        The query is right and matches nothing here. A wider range, fewer label matchers or the metrics browser (M) show
        what there is.
      </p>
      <Button mt="sm" onClick={onBack}>
        Zoom out
      </Button>
    </NoSamples>
  );
}

function useChart(results: readonly Result[], grid: Grid, units: ExploreUnits): Chart {
  const answers = results.map((result) => result.answer);
  return useMemo(
    () =>
      buildChart(
        results.flatMap((one) =>
          one.answer === undefined
            ? []
            : [{ query: one.letter, expr: one.expr, data: one.answer.data, unit: units.get(one.expr) ?? 'none' }],
        ),
        grid,
      ),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [...answers, results.map((one) => one.letter).join(), grid.start, grid.end, grid.step, units],
  );
}

function usePlaced(
  exemplars: readonly Exemplar[],
  chart: Chart,
  units: ExploreUnits,
  results: readonly Result[],
): PlacedExemplar[] {
  return useMemo(() => {
    // Observations share an axis with what is computed from them: quantiles and averages, never rates.
    const comparable = new Map(
      results.map((one) => [one.letter, /histogram_(quantile|avg)/.test(one.expr) && units.get(one.expr) !== 'none']),
    );
    const unitByLetter = new Map(results.map((one) => [one.letter, units.get(one.expr)]));
    return exemplars.flatMap((exemplar) => {
      const y = placeExemplar(exemplar, chart.times, chart.series, comparable.get(exemplar.query) ?? false);
      const unit = unitByLetter.get(exemplar.query) ?? 'none';
      return y === null ? [] : [{ exemplar, y, unit }];
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [exemplars, chart, units]);
}

/** Each zoom remembers where it came from; without one, going back means seeing twice as much. */
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

/** The span that was observed, chosen in its trace. */
function spanOf({ labels }: Exemplar): Record<string, string> {
  const span = labels['span_id'] ?? labels['spanID'];
  return span === undefined ? {} : { span };
}

function KeptExemplar({ exemplar, utc, onClose }: { exemplar: Exemplar; utc: boolean; onClose: () => void }) {
  const trace = traceOf(exemplar.labels);
  return (
    <div className={classes.kept}>
      <b>Exemplar</b>
      <span>{printMoment(exemplar.time * 1000, utc)}</span>
      <span className="num">{formatValue(exemplar.value, exemplar.unit)}</span>
      {Object.entries(exemplar.labels).map(([name, value]) => (
        <span key={name}>
          <span className="muted">{name}</span> <code>{value}</code>
        </span>
      ))}
      {trace !== null && (
        <>
          <JumpLink to={{ path: `/traces/${trace}`, search: spanOf(exemplar) }}>Open the trace</JumpLink>
          <CopyButton text={trace} label="Copy the trace id" />
        </>
      )}
      <Button variant="subtle" color="gray" px={6} aria-label="Close the exemplar" onClick={onClose}>
        <IconX size={14} />
      </Button>
    </div>
  );
}
