// All spans of a path as one box, as wide as the time spent in it and below it.
import { Button, useComputedColorScheme } from '@mantine/core';
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { readInk } from '@/components/chart/palette';
import { Empty } from '@/components/common/PageState';
import { readServiceInk } from '@/components/trace/serviceColours';
import { formatCount, formatSeconds } from '@/lib/format';
import { above, boxBeside, findNode, flameBoxes, type FlameBox, type PathNode, type Way } from '@/model/trace/pathTree';
import { BOX_PX, boxAt, paintFlame } from './flamePaint';
import type { TraceData } from './useTrace';
import classes from './Flame.module.css';

interface Props {
  data: TraceData;
  marked: ReadonlySet<number>;
  onChoose: (span: number) => void;
}

export function FlameView({ data, marked, onChoose }: Props) {
  const { ref: sized, width, height } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const ref = useMergedRef(sized, host);
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
    const ink = readInk();
    paintFlame(canvas.current, boxes, {
      width,
      height,
      top,
      ink,
      bad: ink.bad,
      colourOf: readServiceInk(),
      pointed: pointed?.box ?? null,
      marked: keys,
    });
    // The scheme decides the colours that are read.
  }, [boxes, width, height, top, scheme, pointed, keys]);

  const hit = (event: MouseEvent): { box: FlameBox; x: number; y: number } | null => {
    const area = canvas.current?.getBoundingClientRect();
    const [x, y] = [event.clientX - (area?.left ?? 0), event.clientY - (area?.top ?? 0)];
    const box = boxAt(boxes, { width, top }, x, y);
    return box === null ? null : { box, x, y };
  };
  const open = ({ node }: FlameBox): void => {
    setFocusKey(node.key === focusKey ? null : node.key);
    host.current?.scrollTo({ top: 0 });
    const [first] = node.spans;
    if (first !== undefined) onChoose(first);
  };
  const pointAt = (box: FlameBox): void => {
    const y = box.depth * BOX_PX;
    if (host.current !== null && (y < top || y + BOX_PX > top + height)) host.current.scrollTop = y - height / 2;
    // Below all of them: the words must not cover where the next key leads.
    setPointed({ box, x: box.from * width, y: Math.max(0, Math.min(deepest * BOX_PX - 2, height - TIP_PX)) });
  };
  const press = (event: KeyboardEvent): void => {
    const way = WAYS[event.key];
    // What is focused has no width of its own here any more when another was opened meanwhile.
    const here = boxes.find((box) => box.node === pointed?.box.node);
    if (way !== undefined) {
      const next = here === undefined ? boxes[0] : boxBeside(boxes, here, way);
      if (next != null) pointAt(next);
    } else if (event.key === 'Enter' && here !== undefined) open(here);
    else if (event.key === 'Escape' && focusKey !== null) setFocusKey(null);
    else return;
    // The page has the same keys for other things.
    event.preventDefault();
  };
  // The arrows work at once, unless they are somebody's already.
  useEffect(() => {
    if (document.activeElement === document.body) host.current?.focus({ preventScroll: true });
  }, []);
  if (boxes.length === 0) return <Empty title="No time to show">No span of this trace took any time.</Empty>;

  return (
    <div className={classes.flame}>
      <div className={classes.top}>
        <span>
          Width is the time spent in a path and below it, {formatSeconds(tree.weight / 1e9)} in all; spans of one path
          are one box. Arrows move, Enter opens.
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
        onClick={(event) => {
          const found = hit(event);
          if (found !== null) open(found.box);
        }}
        tabIndex={0}
        onKeyDown={press}
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

/** As high as the words about a path are. */
const TIP_PX = 170;

const WAYS: Record<string, Way | undefined> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

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
