// All spans of a path as one box, as wide as the time spent in it and below it.
import { Button, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState, type MouseEvent } from 'react';
import { readInk } from '@/components/chart/palette';
import { Empty } from '@/components/common/PageState';
import { formatCount, formatSeconds } from '@/lib/format';
import { above, findNode, flameBoxes, type FlameBox, type PathNode } from '@/model/trace/pathTree';
import { BOX_PX, boxAt, paintFlame } from './flamePaint';
import type { TraceData } from './useTrace';
import classes from './Flame.module.css';

interface Props {
  data: TraceData;
  marked: ReadonlySet<number>;
  onChoose: (span: number) => void;
}

export function FlameView({ data, marked, onChoose }: Props) {
  const { ref, width, height } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme('light');
  const [focusKey, setFocusKey] = useState<string | null>(null);
  const [pointed, setPointed] = useState<{ box: FlameBox; x: number; y: number } | null>(null);
  const [top, setTop] = useState(0);
  const tree = data.tree();
  const focus = useMemo(() => (focusKey === null ? null : findNode(tree, focusKey)) ?? tree, [tree, focusKey]);
  const boxes = useMemo(() => withPath(focus), [focus]);
  const deepest = boxes.reduce((most, box) => Math.max(most, box.depth + 1), 0);
  const keys = useMemo(() => (marked.size === 0 ? null : keysOf(tree, marked)), [tree, marked]);

  useEffect(() => {
    if (canvas.current === null || width === 0) return;
    const bad = getComputedStyle(document.documentElement).getPropertyValue('--bad').trim();
    paintFlame(canvas.current, boxes, {
      width,
      height,
      top,
      ink: readInk(),
      bad,
      colourOf: (service) => data.colours.get(service) ?? 0,
      pointed: pointed?.box ?? null,
      marked: keys,
    });
    // The scheme decides the colours that are read.
  }, [boxes, width, height, top, scheme, data.colours, pointed, keys]);

  const hit = (event: MouseEvent): { box: FlameBox; x: number; y: number } | null => {
    const area = canvas.current?.getBoundingClientRect();
    const [x, y] = [event.clientX - (area?.left ?? 0), event.clientY - (area?.top ?? 0)];
    const box = boxAt(boxes, { width, top }, x, y);
    return box === null ? null : { box, x, y };
  };
  const click = (event: MouseEvent): void => {
    const found = hit(event);
    if (found === null) return;
    setFocusKey(found.box.node.key === focusKey ? null : found.box.node.key);
    setTop(0);
    const [first] = found.box.node.spans;
    if (first !== undefined) onChoose(first);
  };
  if (boxes.length === 0) return <Empty title="No time to show">No span of this trace took any time.</Empty>;

  return (
    <div className={classes.flame}>
      <div className={classes.top}>
        <span>
          Width is the time spent in a path and below it, {formatSeconds(tree.weight / 1e9)} in all; spans of one path
          are one box.
        </span>
        {focusKey !== null && <Button onClick={() => setFocusKey(null)}>Show all</Button>}
      </div>
      <div
        className={classes.scroll}
        ref={ref}
        data-testid="flame"
        data-boxes={boxes.length}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onMouseMove={(event) => setPointed(hit(event))}
        onMouseLeave={() => setPointed(null)}
        onClick={click}
      >
        <div style={{ height: deepest * BOX_PX }}>
          <canvas
            ref={canvas}
            className={classes.canvas}
            style={{ width, height }}
            role="img"
            aria-label="Flame graph"
          />
        </div>
      </div>
      {pointed !== null && (
        <Tip node={pointed.box.node} whole={tree.weight} x={pointed.x} y={pointed.y} width={width} />
      )}
    </div>
  );
}

/** What is above the focus is as wide as it. */
function withPath(focus: PathNode): FlameBox[] {
  return [...above(focus).map((node) => ({ node, from: 0, to: 1, depth: node.depth })), ...flameBoxes(focus)];
}

function keysOf(tree: PathNode, marked: ReadonlySet<number>): Set<string> {
  const out = new Set<string>();
  const stack = [tree];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.spans.some((span) => marked.has(span))) out.add(node.key);
    stack.push(...node.children);
  }
  return out;
}

function Tip(props: { node: PathNode; whole: number; x: number; y: number; width: number }) {
  const { node, whole } = props;
  const isRight = props.x > props.width / 2;
  return (
    <div
      className={classes.tip}
      style={{ top: props.y + 44, ...(isRight ? { right: props.width - props.x + 12 } : { left: props.x + 12 }) }}
    >
      <b>{node.service}</b>
      <p>{node.name}</p>
      <dl className="num">
        <dt>Spans</dt>
        <dd>
          {formatCount(node.count)}
          {node.errors > 0 && <em>, {formatCount(node.errors)} failed</em>}
        </dd>
        <dt>With all below</dt>
        <dd>
          {formatSeconds(node.weight / 1e9)} · {((node.weight / whole) * 100).toFixed(1)} %
        </dd>
        <dt>Own time</dt>
        <dd>
          {formatSeconds(node.self / 1e9)} · {((node.self / whole) * 100).toFixed(1)} %
        </dd>
        <dt>Durations</dt>
        <dd>{formatSeconds(node.total / 1e9)}</dd>
      </dl>
    </div>
  );
}
