// The traces found, as dots over time and duration. Drag to zoom into a time, click to open.
import { useElementSize } from '@mantine/hooks';
import { useMemo, useRef, useState, type PointerEvent } from 'react';
import { useTime } from '@/components/shell/time';
import { formatCount, formatSeconds } from '@/lib/format';
import { timeTicks } from '@/model/timeTicks';
import { logScale } from '@/model/trace/scale';
import { dotAt, dotsOf, type Dot, type Summary } from '@/model/trace/summary';
import { printMoment } from '@/model/timeRange';
import classes from './Scatter.module.css';

interface Props {
  traces: readonly Summary[];
  /** What it spans, in milliseconds since 1970. */
  range: { from: number; to: number };
  /** Older traces match too, and are not loaded: before the first of these nothing is known. */
  isCut: boolean;
  onOpen: (id: string) => void;
  onZoom: (fromMillis: number, toMillis: number) => void;
  /** The row that is pointed at. */
  highlighted: string | null;
}

const HEIGHT = 168;
const MARGIN = { left: 64, right: 16, top: 12, bottom: 22 };
/** A drag shorter than this is a click. */
const DRAG_PX_MIN = 5;

export function Scatter({ traces, range, isCut, onOpen, onZoom, highlighted }: Props) {
  const { ref, width: outer } = useElementSize();
  const { utc } = useTime();
  const svg = useRef<SVGSVGElement>(null);
  const [pointed, setPointed] = useState<Dot | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const width = Math.max(0, outer - MARGIN.left - MARGIN.right);
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const scale = useMemo(() => logScale(traces.map((one) => one.duration)), [traces]);
  const dots = useMemo(
    () => dotsOf(traces, { width, height, ...range, place: scale.place }),
    [traces, width, height, range, scale],
  );

  const place = (event: PointerEvent): { x: number; y: number } => {
    const box = svg.current?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0) - MARGIN.left, y: event.clientY - (box?.top ?? 0) - MARGIN.top };
  };
  const x = (at: number): number => ((at - range.from) / (range.to - range.from)) * width;
  const clamp = (x: number): number => Math.min(width, Math.max(0, x));
  const timeAt = (x: number): number => range.from + (clamp(x) / width) * (range.to - range.from);
  const end = (event: PointerEvent): void => {
    const at = place(event);
    if (drag !== null && Math.abs(at.x - drag.from) >= DRAG_PX_MIN) {
      onZoom(timeAt(Math.min(drag.from, at.x)), timeAt(Math.max(drag.from, at.x)));
    } else {
      const hit = dotAt(dots, at.x, at.y);
      if (hit !== null) onOpen(hit.summary.id);
    }
    setDrag(null);
  };

  return (
    <div ref={ref} className={classes.box} data-testid="scatter">
      {width > 0 && (
        <svg
          ref={svg}
          width={outer}
          height={HEIGHT}
          role="img"
          aria-label={`${traces.length} traces by start and duration`}
          data-pointing={pointed !== null || undefined}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            const at = place(event);
            setDrag({ from: at.x, to: at.x });
          }}
          onPointerMove={(event) => {
            const at = place(event);
            if (drag !== null) setDrag({ ...drag, to: at.x });
            else setPointed(dotAt(dots, at.x, at.y));
          }}
          onPointerUp={end}
          onPointerCancel={() => setDrag(null)}
          onPointerLeave={() => setPointed(null)}
        >
          <g transform={`translate(${MARGIN.left} ${MARGIN.top})`}>
            {scale.ticks.map((tick) => (
              <g key={tick} transform={`translate(0 ${(1 - scale.place(tick)) * height})`} className={classes.tick}>
                <line x2={width} />
                <text x={-8} dy="0.32em" textAnchor="end">
                  {formatSeconds(tick / 1e9)}
                </text>
              </g>
            ))}
            {isCut && <Unknown width={x(Math.min(...traces.map((one) => one.at)))} height={height} />}
            <text className={classes.key} x={width} y={2} textAnchor="end">
              duration, log scale; the larger, the more spans
            </text>
            <TimeAxis from={range.from} to={range.to} width={width} height={height} utc={utc} />
            {drag !== null && (
              <rect
                className={classes.brush}
                x={clamp(Math.min(drag.from, drag.to))}
                width={clamp(Math.max(drag.from, drag.to)) - clamp(Math.min(drag.from, drag.to))}
                height={height}
              />
            )}
            <Dots dots={dots} />
            {dots
              .filter((dot) => dot.summary.id === (pointed?.summary.id ?? highlighted))
              .map((dot) => (
                <circle key={dot.summary.id} className={classes.ring} cx={dot.x} cy={dot.y} r={dot.radius + 3} />
              ))}
          </g>
        </svg>
      )}
      {pointed !== null && drag === null && <Tip dot={pointed} width={width} utc={utc} />}
    </div>
  );
}

/** Words of 92 px, and room around them. */
const WORDS_PX = 100;

function Unknown({ width, height }: { width: number; height: number }) {
  return (
    <g className={classes.unknown}>
      <title>Older traces match too: load more of them below, or narrow the time range</title>
      <rect width={Math.max(0, width)} height={height} />
      {width >= WORDS_PX && (
        <text x={width / 2} y={height / 2} textAnchor="middle">
          older: not loaded
        </text>
      )}
    </g>
  );
}

/** Apart, so that a moving pointer does not draw them again. */
function Dots({ dots }: { dots: readonly Dot[] }) {
  return useMemo(
    () => (
      <g className={classes.dots}>
        {dots.map((dot) => (
          <circle
            key={dot.summary.id}
            cx={dot.x}
            cy={dot.y}
            r={dot.radius}
            data-bad={dot.summary.errors > 0 || undefined}
          />
        ))}
      </g>
    ),
    [dots],
  );
}

function TimeAxis(props: { from: number; to: number; width: number; height: number; utc: boolean }) {
  const { from, to, width, height, utc } = props;
  const offset = utc ? 0 : new Date(from).getTimezoneOffset() * 60_000;
  const ticks = timeTicks(from, to, Math.max(2, Math.floor(width / 120)), offset);
  return (
    <g transform={`translate(0 ${height})`} className={classes.time}>
      <line x2={width} />
      {ticks.map((tick) => {
        const x = ((tick.at - from) / (to - from)) * width;
        return (
          <text key={tick.at} x={x} y={16} textAnchor={x < 30 ? 'start' : x > width - 30 ? 'end' : 'middle'}>
            {tick.text}
          </text>
        );
      })}
    </g>
  );
}

function Tip({ dot, width, utc }: { dot: Dot; width: number; utc: boolean }) {
  const { summary } = dot;
  const isLeft = dot.x > width / 2;
  const style = isLeft
    ? { right: width - dot.x + MARGIN.right + dot.radius + 8, top: 8 }
    : { left: dot.x + MARGIN.left + dot.radius + 8, top: 8 };
  return (
    <div className={classes.tip} style={style}>
      <b>{summary.service}</b>
      <p>{summary.name}</p>
      <p className="num">
        {formatSeconds(summary.duration / 1e9)} · {formatCount(summary.spans)} spans
        {summary.errors > 0 && <em> · {formatCount(summary.errors)} errors</em>}
      </p>
      <p className="num muted">{printMoment(summary.at, utc)}</p>
    </div>
  );
}
