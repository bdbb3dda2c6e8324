// The waterfall: a row a span. Only the rows near what is seen are drawn, so 50,000 cost what 50 do.
import { useElementSize } from '@mantine/hooks';
import { useCallback, useEffect, useMemo, useRef, useState, type CSSProperties, type PointerEvent } from 'react';
import { formatSeconds } from '@/lib/format';
import { recall, remember } from '@/lib/storage';
import type { TraceLogs } from '@/model/trace/logs';
import { indentOf, setSubtree, toggleFold, windowOf, type Folded, type Row } from '@/model/trace/rows';
import type { TraceData } from '../useTrace';
import type { Zoom } from '../url';
import { LogRow } from './LogRow';
import { Minimap } from './Minimap';
import { ROW_PX } from './rowHeight';
import { SpanRow } from './SpanRow';
import { Ticks } from './Ticks';
import { useBringToSight } from './useBringToSight';
import { useWheelZoom } from './useWheelZoom';
import classes from './Timeline.module.css';

/** Rows beyond the edges: about half a screen. */
const AROUND = 16;
const NAME_SHARE = 0.36;

interface Props {
  data: TraceData;
  rows: readonly Row[];
  folded: Folded;
  onFold: (folded: Folded) => void;
  zoom: Zoom | null;
  onZoom: (zoom: Zoom | null) => void;
  chosen: number | null;
  onChoose: (index: number) => void;
  marked: ReadonlySet<number>;
  /** Whether what is not marked steps back. */
  isDimming: boolean;
  showsPath: boolean;
  logs: TraceLogs;
}

export function Timeline(props: Props) {
  const { data, rows, folded, zoom, chosen, onZoom, onFold, onChoose } = props;
  const { trace } = data;
  const { ref: sized, width, height } = useElementSize();
  const scroll = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [names, setNames] = useNameShare();
  const { from, to } = zoom ?? { from: 0, to: Math.max(1, trace.duration) };
  useWheelZoom(scroll, { zoom, whole: Math.max(1, trace.duration), names, onZoom });
  const seen = windowOf(top, height, ROW_PX, rows.length, AROUND);

  useBringToSight(scroll, { trace, rows, height, chosen, zoom });
  // What the scroll bar takes from the rows is taken from the axis above them too.
  const isSized = height > 0;
  const [barWidth, setBarWidth] = useState(0);
  useEffect(() => {
    if (scroll.current !== null) setBarWidth(scroll.current.offsetWidth - scroll.current.clientWidth);
  }, [isSized]);

  const fold = useCallback(
    (index: number, wholly: boolean) =>
      onFold(wholly ? setSubtree(trace, folded, index, !folded.has(index)) : toggleFold(folded, index)),
    [onFold, folded, trace],
  );
  const zoomTo = useCallback(
    (index: number) => {
      const span = trace.spans[index];
      if (span !== undefined && span.duration > 0) onZoom({ from: span.start, to: span.end });
    },
    [trace, onZoom],
  );
  const columns = useMemo(
    () => ({ '--share': names, '--bar-width': `${barWidth}px` }) as CSSProperties,
    [names, barWidth],
  );

  return (
    <div className={classes.timeline} style={columns} data-path={props.showsPath || undefined}>
      <div className={classes.over}>
        <div className={classes.overName}>
          {zoom === null ? (
            <span className="muted">Service and operation</span>
          ) : (
            <button type="button" className={classes.reset} onClick={() => onZoom(null)}>
              {formatSeconds((to - from) / 1e9)} of {formatSeconds(trace.duration / 1e9)} shown · show all
            </button>
          )}
        </div>
        <div className={classes.overLane}>
          <Minimap data={data} zoom={zoom} onZoom={onZoom} />
          <div className={classes.axis}>
            <Ticks from={from} to={to} width={width * (1 - names)} isLabelled />
          </div>
        </div>
        <Divider onMove={setNames} />
      </div>
      <div className={classes.body} ref={sized}>
        <div className={classes.lines}>
          <Ticks from={from} to={to} width={width * (1 - names)} isLabelled={false} />
        </div>
        <div
          ref={scroll}
          className={classes.scroll}
          role="treegrid"
          aria-label="Spans"
          aria-rowcount={rows.length}
          data-testid="rows"
          onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        >
          <div style={{ height: rows.length * ROW_PX, position: 'relative' }}>
            {rows.slice(seen.from, seen.to).map((row, place) => {
              const y = (seen.from + place) * ROW_PX;
              const span = trace.spans[row.span];
              if (span === undefined) return null;
              const left = 8 + indentOf(span.depth, trace.depth);
              if (row.kind === 'log') {
                const line = props.logs.lines[row.log];
                if (line === undefined) return null;
                return (
                  <LogRow
                    isDim={props.isDimming && !props.marked.has(span.index)}
                    key={`log ${row.log}`}
                    line={line}
                    top={y}
                    indent={left + 34}
                    from={from}
                    to={to}
                    onChoose={onChoose}
                  />
                );
              }
              const isMarked = props.marked.has(span.index);
              return (
                <SpanRow
                  key={span.index}
                  span={span}
                  top={y}
                  indent={left}
                  from={from}
                  to={to}
                  start={trace.start}
                  isFolded={folded.has(span.index)}
                  isChosen={chosen === span.index}
                  isMarked={isMarked && !props.isDimming}
                  isDim={props.isDimming && !isMarked}
                  path={props.showsPath ? data.pathOf.get(span.index) : undefined}
                  logs={props.logs.bySpan.get(span.index)?.length ?? 0}
                  onChoose={onChoose}
                  onFold={fold}
                  onZoomTo={zoomTo}
                />
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

function useNameShare(): [number, (share: number) => void] {
  const isShare = (value: unknown): value is number => typeof value === 'number' && value >= 0.1 && value <= 0.8;
  const [names, setNames] = useState(() => recall('trace.names', isShare, NAME_SHARE));
  return [
    names,
    (share) => {
      const next = Math.min(0.7, Math.max(0.15, share));
      remember('trace.names', next);
      setNames(next);
    },
  ];
}

/** Between the names and the bars. */
function Divider({ onMove }: { onMove: (share: number) => void }) {
  const move = (event: PointerEvent<HTMLElement>): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    if (box !== undefined && box.width > 0) onMove((event.clientX - box.left) / box.width);
  };
  return (
    <i
      className={classes.divider}
      title="Drag for wider names, double click as it was"
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={move}
      onDoubleClick={() => onMove(NAME_SHARE)}
    />
  );
}
