// How many lines there are over time, stacked by severity. Drag to zoom, point to read.
import { useElementSize } from '@mantine/hooks';
import { useMemo, useRef, useState, type PointerEvent } from 'react';
import { formatCount, formatSeconds, formatValue } from '@/lib/format';
import { axisTop, brushed, bucketAt, stackBars, sumAt, type Volume as Data } from '@/model/logs/volume';
import { timeTicks } from '@/model/timeTicks';
import { printMoment } from '@/model/timeRange';
import classes from './Logs.module.css';

interface Props {
  volume: Data;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  utc: boolean;
  onZoom: (fromMillis: number, toMillis: number) => void;
}

const HEIGHT = 98;
/** At the top the unit stands above the highest bars. */
const MARGIN = { left: 48, right: 12, top: 17, bottom: 18 };
/** A drag shorter than this is a click. */
const DRAG_PX_MIN = 4;

export function Volume({ volume, from, to, utc, onZoom }: Props) {
  const { ref, width: outer } = useElementSize();
  const svg = useRef<SVGSVGElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const width = Math.max(0, outer - MARGIN.left - MARGIN.right);
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const x = (at: number): number => ((at - from) / (to - from)) * width;
  const placeOf = (event: PointerEvent): number =>
    Math.min(width, Math.max(0, event.clientX - (svg.current?.getBoundingClientRect().left ?? 0) - MARGIN.left));
  const timeAt = (px: number): number => from + (px / width) * (to - from);
  const top = axisTop(volume.max);
  const offset = utc ? 0 : new Date(from).getTimezoneOffset() * 60_000;
  const end = (event: PointerEvent): void => {
    if (drag !== null && Math.abs(placeOf(event) - drag.from) >= DRAG_PX_MIN) {
      const range = brushed(volume, timeAt(drag.from), timeAt(placeOf(event)));
      onZoom(Math.max(range.from, from), Math.min(range.to, to));
    }
    setDrag(null);
  };
  const low = drag === null ? 0 : Math.min(drag.from, drag.to);
  return (
    <div ref={ref} className={classes.volume} style={{ height: HEIGHT }} data-testid="volume">
      {width > 0 && (
        <svg
          ref={svg}
          width={outer}
          height={HEIGHT}
          role="img"
          aria-label={`${formatCount(volume.total)} lines over time, by severity`}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag({ from: placeOf(event), to: placeOf(event) });
          }}
          onPointerMove={(event) => {
            if (drag !== null) setDrag({ ...drag, to: placeOf(event) });
            setPointed(bucketAt(volume, timeAt(placeOf(event))));
          }}
          onPointerUp={end}
          onPointerCancel={() => setDrag(null)}
          onPointerLeave={() => setPointed(null)}
        >
          <g transform={`translate(${MARGIN.left} ${MARGIN.top})`}>
            {[top, top / 2].map((tick) => (
              <g key={tick} transform={`translate(0 ${(1 - tick / top) * height})`}>
                <line className={classes.grid} x2={width} />
                {(tick === top || Number.isInteger(tick)) && (
                  <text x={-8} dy="0.32em" textAnchor="end">
                    {formatValue(tick)}
                  </text>
                )}
              </g>
            ))}
            <Bars volume={volume} top={top} width={width} height={height} from={from} to={to} />
            <line className={classes.base} x2={width} y1={height} y2={height} />
            <text className={classes.unit} x={0} y={-5}>
              lines / {formatSeconds(volume.step / 1000).replace(/^1 /, '')}
            </text>
            {timeTicks(from, to, Math.max(2, Math.floor(width / 110)), offset).map((tick) => (
              <text
                key={tick.at}
                x={x(tick.at)}
                y={height + 14}
                textAnchor={x(tick.at) < 24 ? 'start' : x(tick.at) > width - 24 ? 'end' : 'middle'}
              >
                {tick.text}
              </text>
            ))}
            {pointed !== null && drag === null && (
              <rect
                className={classes.point}
                x={x(volume.start + pointed * volume.step)}
                width={(volume.step / (to - from)) * width}
                height={height}
              />
            )}
            {drag !== null && (
              <rect className={classes.brush} x={low} width={Math.abs(drag.to - drag.from)} height={height} />
            )}
          </g>
        </svg>
      )}
      {pointed !== null && drag === null && (
        <Tip
          volume={volume}
          bucket={pointed}
          left={x(volume.start + (pointed + 0.5) * volume.step)}
          width={width}
          utc={utc}
        />
      )}
    </div>
  );
}

interface BarsProps {
  volume: Data;
  top: number;
  width: number;
  height: number;
  from: number;
  to: number;
}

/** Apart, so that a moving pointer does not draw them again. */
function Bars({ volume, top, width, height, from, to }: BarsProps) {
  return useMemo(() => {
    const step = (volume.step / (to - from)) * width;
    const gap = step > 4 ? 1 : 0;
    const begin = ((volume.start - from) / (to - from)) * width;
    return stackBars(volume).map((bar) => {
      const left = Math.max(0, begin + bar.bucket * step);
      const right = Math.min(width, begin + (bar.bucket + 1) * step - gap);
      // One line among thousands is still there.
      const tall = Math.max(bar.from === 0 ? 1 : 0.5, ((bar.to - bar.from) / top) * height);
      return (
        <rect
          key={`${bar.key} ${bar.bucket}`}
          className={`${classes.bar} ${classes.sev}`}
          data-severity={bar.key}
          x={left}
          y={height - (bar.from / top) * height - tall}
          width={Math.max(0.5, right - left)}
          height={tall}
        />
      );
    });
  }, [volume, top, width, height, from, to]);
}

function Tip(props: { volume: Data; bucket: number; left: number; width: number; utc: boolean }) {
  const { volume, bucket, left, width, utc } = props;
  const at = volume.start + bucket * volume.step;
  const style = left > width / 2 ? { right: width - left + MARGIN.right + 12 } : { left: left + MARGIN.left + 12 };
  return (
    <div className={classes.tip} style={style}>
      <header className="num">
        {printMoment(at, utc)} + {formatSeconds(volume.step / 1000)}
      </header>
      {volume.series.map((one) =>
        (one.counts[bucket] ?? 0) === 0 ? null : (
          <p key={one.key} className="num">
            <span>
              <i className={classes.sev} data-severity={one.key} />
              {one.key}
            </span>
            <b>{formatCount(one.counts[bucket] ?? 0)}</b>
          </p>
        ),
      )}
      {sumAt(volume.series, bucket) === 0 && <p className="muted">no lines</p>}
    </div>
  );
}
