// The whole trace on a strip: drag over a piece to see it alone, drag its edges, double click for all.
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef, useState, type PointerEvent } from 'react';
import { fade } from '@/components/chart/palette';
import { readServiceInk } from '@/components/trace/serviceColours';
import type { TraceData } from '../useTrace';
import type { Zoom } from '../url';
import { Ticks } from './Ticks';
import classes from './Timeline.module.css';

interface Props {
  data: TraceData;
  zoom: Zoom | null;
  onZoom: (zoom: Zoom | null) => void;
}

const HEIGHT = 56;
const DRAG_PX_MIN = 4;
/** How near the pointer must be to take an edge. */
const EDGE_PX = 6;

export function Minimap({ data, zoom, onZoom }: Props) {
  const { ref, width } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme('light');
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const total = Math.max(1, data.trace.duration);

  useEffect(() => {
    if (canvas.current !== null && width > 0) paint(canvas.current, data, width);
    // The scheme decides the colours that are read.
  }, [data, width, scheme]);

  const box = useRef<HTMLDivElement>(null);
  const xOf = (event: PointerEvent): number => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    return Math.min(width, Math.max(0, event.clientX - left));
  };
  const shown =
    drag === null
      ? zoom
      : { from: (Math.min(drag.from, drag.to) / width) * total, to: (Math.max(drag.from, drag.to) / width) * total };
  const begin = (event: PointerEvent): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    const x = xOf(event);
    const [left, right] = [((zoom?.from ?? 0) / total) * width, ((zoom?.to ?? total) / total) * width];
    if (zoom !== null && Math.abs(x - left) <= EDGE_PX) setDrag({ from: right, to: x });
    else if (zoom !== null && Math.abs(x - right) <= EDGE_PX) setDrag({ from: left, to: x });
    else setDrag({ from: x, to: x });
  };
  const end = (): void => {
    if (drag !== null && Math.abs(drag.to - drag.from) >= DRAG_PX_MIN && shown !== null) onZoom(shown);
    setDrag(null);
  };

  return (
    <div
      ref={box}
      className={classes.minimap}
      data-testid="minimap"
      onPointerDown={begin}
      onPointerMove={(event) => drag !== null && setDrag({ ...drag, to: xOf(event) })}
      onPointerUp={end}
      onPointerCancel={() => setDrag(null)}
      onDoubleClick={() => onZoom(null)}
      title="Drag to look at a piece, double click for all"
    >
      <div ref={ref} className={classes.minimapSize}>
        <Ticks from={0} to={total} width={width} isLabelled={false} />
        <canvas ref={canvas} style={{ width, height: HEIGHT }} />
        {shown !== null && (
          <>
            <i className={classes.shade} style={{ left: 0, width: `${(shown.from / total) * 100}%` }} />
            <i className={classes.shade} style={{ right: 0, left: `${(shown.to / total) * 100}%` }} />
            <i className={classes.edge} style={{ left: `${(shown.from / total) * 100}%` }} />
            <i className={classes.edge} style={{ left: `${(shown.to / total) * 100}%` }} />
          </>
        )}
      </div>
    </div>
  );
}

/** A line a span, as high as there is room for; errors are painted last. */
function paint(canvas: HTMLCanvasElement, data: TraceData, width: number): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  context.scale(ratio, ratio);
  const ink = readServiceInk();
  const bad = getComputedStyle(document.documentElement).getPropertyValue('--bad').trim();
  const { spans, duration } = data.trace;
  const row = (HEIGHT - 4) / Math.max(spans.length, 1);
  const thick = Math.min(4, Math.max(1, row * 0.7));
  const scale = width / Math.max(1, duration);
  for (const isError of [false, true]) {
    for (const span of spans) {
      if (span.isError !== isError) continue;
      context.fillStyle = isError ? bad : fade(ink(span.service), 0.85);
      context.fillRect(span.start * scale, 2 + span.index * row, Math.max(1, span.duration * scale), thick);
    }
  }
}
