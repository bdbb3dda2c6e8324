// Lines over time. Drag to zoom, double click to go back, point to read.
import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { planAxes, sideOf, type Axes, type Chart, type ChartSeries } from '@/model/chart';
import type { Exemplar } from '@/model/exemplars';
import { stack } from '@/model/stack';
import { ChartTooltip, type Pointed } from './ChartTooltip';
import { exemplarLayer, type PlacedExemplar } from './exemplarLayer';
import { markerLayer, type Marker } from './markerLayer';
import { chartOptions, NO_GUTTER, type Gutter } from './options';
import { readInk } from './palette';
import { stackLayer, type Area } from './stackLayer';
import classes from './TimeChart.module.css';

interface Props {
  chart: Chart;
  /** The units drawn here; without, the first two. What has no axis is not drawn. */
  axes?: Axes;
  gutter?: Gutter;
  exemplars: PlacedExemplar[];
  /** Moments to draw a line at. */
  markers?: readonly Marker[];
  isStacked: boolean;
  /** Begins at zero, whatever the lines do. */
  fromZero?: boolean;
  utc: boolean;
  /** Keys of the series to draw; null for all. */
  isolated: ReadonlySet<string> | null;
  /** The series to bring forward. */
  highlighted: string | null;
  onZoom: (fromSeconds: number, toSeconds: number) => void;
  onZoomBack: () => void;
  onExemplar: (exemplar: Exemplar) => void;
}

export function TimeChart(props: Props) {
  const { chart, isStacked, utc, isolated, highlighted } = props;
  const { ref: box, width, height } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const scheme = useComputedColorScheme('light');
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  const { left, right } = props.axes ?? planAxes(chart.series.map((one) => one.unit));
  const axes = useMemo<Axes>(() => ({ left, right }), [left, right]);
  const shown = useMemo(() => {
    const isShown = (one: ChartSeries): boolean => sideOf(one.unit, axes) !== null && (isolated?.has(one.key) ?? true);
    const order = chart.series.flatMap((one, index) => (isShown(one) ? [index] : []));
    return {
      order,
      series: order.map((index) => chart.series[index]).filter((one): one is ChartSeries => one !== undefined),
    };
  }, [chart, isolated, axes]);
  const areas = useMemo(() => (isStacked ? stackAreas(shown, axes) : []), [shown, axes, isStacked]);
  const data = useMemo<uPlot.AlignedData>(() => {
    const lines = new Map(areas.map((area) => [area.index, area.layer.line]));
    return [chart.times, ...shown.series.map((one, index) => lines.get(index + 1) ?? one.values)];
  }, [chart.times, shown.series, areas]);

  const drawnAreas = useRef(areas);
  useEffect(() => {
    drawnAreas.current = areas;
  }, [areas]);

  // What makes a new drawing necessary; new numbers alone do not.
  const structure = [
    scheme,
    axes.left,
    axes.right,
    utc,
    isStacked,
    props.gutter?.right,
    ...shown.order,
    ...shown.series.map((one) => one.key),
  ].join('\n');
  const isSized = width > 0 && height > 0;

  useEffect(() => {
    if (host.current === null || !isSized) return undefined;
    const { fromZero = false, gutter = NO_GUTTER } = latest.current;
    const look = { ink: readInk(), axes, utc, isStacked, fromZero, width, height, gutter };
    const options = chartOptions(shown.series, shown.order, look);
    const layer = exemplarLayer(() => latest.current.exemplars, look.ink, axes);
    options.plugins = [
      layer,
      markerLayer(() => latest.current.markers ?? [], look.ink),
      stackLayer(() => drawnAreas.current, look.ink),
    ];
    options.hooks = {
      setCursor: [(u) => setPointed(point(u, layer.nearest(u)))],
      setSeries: [(u) => setPointed(point(u, layer.nearest(u)))],
      setSelect: [
        (u) => {
          if (u.select.width < 4) return;
          latest.current.onZoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
    };
    const drawing = new uPlot(options, data, host.current);
    plot.current = drawing;
    const unbind = bindPointer(drawing, latest, layer.nearest);
    return () => {
      unbind();
      drawing.destroy();
      plot.current = null;
      setPointed(null);
    };
    // Size and numbers have effects of their own.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [structure, isSized]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  useEffect(() => {
    plot.current?.redraw(false);
  }, [props.exemplars, props.markers]);

  useEffect(() => {
    if (isSized) plot.current?.setSize({ width, height });
  }, [width, height, isSized]);

  useEffect(() => {
    const index = highlighted === null ? -1 : shown.series.findIndex((one) => one.key === highlighted);
    plot.current?.setSeries(index < 0 ? null : index + 1, { focus: true });
  }, [highlighted, shown.series]);

  return (
    <div ref={box} className={classes.box} data-testid="chart" data-series={shown.series.length}>
      <div ref={host} className={classes.host} />
      {pointed !== null && (
        <ChartTooltip
          pointed={pointed}
          shown={shown}
          isStacked={isStacked}
          utc={utc}
          times={chart.times}
          width={width}
        />
      )}
    </div>
  );
}

/** Lines of the left axis stand on each other; a second unit stays lines, for sums of both mean nothing. */
function stackAreas(shown: { order: number[]; series: readonly ChartSeries[] }, axes: Axes): Area[] {
  const stacked = shown.series.flatMap((one, index) => (sideOf(one.unit, axes) === 'left' ? [{ one, index }] : []));
  const layers = stack(stacked.map(({ one }) => one.values));
  return layers.map((layer, at) => {
    const index = stacked[at]?.index ?? 0;
    return { index: index + 1, colour: shown.order[index] ?? index, layer };
  });
}

function point(u: uPlot, exemplar: Exemplar | null): Pointed | null {
  const { idx, left, top } = u.cursor;
  if (idx == null || left === undefined || left < 0 || top === undefined) return null;
  const focused = u.series.findIndex((one, index) => index > 0 && (one as { _focus?: boolean })._focus === true);
  return {
    index: idx,
    left: left + u.bbox.left / devicePixelRatio,
    top: top + u.bbox.top / devicePixelRatio,
    focused: focused - 1,
    exemplar,
  };
}

function bindPointer(u: uPlot, latest: { current: Props }, nearest: (u: uPlot) => Exemplar | null): () => void {
  const back = (): void => latest.current.onZoomBack();
  const click = (): void => {
    const exemplar = nearest(u);
    if (exemplar !== null) latest.current.onExemplar(exemplar);
  };
  u.over.addEventListener('dblclick', back);
  u.over.addEventListener('click', click);
  return () => {
    u.over.removeEventListener('dblclick', back);
    u.over.removeEventListener('click', click);
  };
}
