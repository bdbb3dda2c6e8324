// A trace folded by what its spans are called: all spans of one service and name under the same path are one node.
// Flame graph and comparison stand on it.
import type { Span, Trace } from './trace';

export interface PathNode {
  /** Unique in the tree. */
  key: string;
  /** Unique among siblings: what two trees are matched by. */
  step: string;
  parent: PathNode | null;
  service: string;
  name: string;
  depth: number;
  count: number;
  errors: number;
  /** Sum of the durations, nanoseconds. */
  total: number;
  /** Sum of the own times. */
  self: number;
  /** Own times of it and all below: what its width in a flame graph is. */
  weight: number;
  spans: number[];
  /** In the order in which they first began. */
  children: PathNode[];
}

export function pathTree(trace: Trace, selfs: Float64Array): PathNode {
  const top = makeNode('', null, '', '');
  const nodes: PathNode[] = [];
  const known = new Map<string, PathNode>();
  for (const span of trace.spans) {
    const above = span.parent < 0 ? top : (nodes[span.parent] ?? top);
    // The parent's own key would grow with the depth; its number does not.
    const at = `${above.key} ${stepOf(span)}`;
    let node = known.get(at);
    if (node === undefined) {
      node = makeNode(String(known.size), above, span.service, span.name);
      known.set(at, node);
      above.children.push(node);
    }
    add(node, span, selfs[span.index] ?? 0);
    nodes.push(node);
  }
  weigh(top, [...known.values()]);
  return top;
}

function stepOf({ service, name }: { service: string; name: string }): string {
  return `${service}\u0000${name}`;
}

function makeNode(key: string, parent: PathNode | null, service: string, name: string): PathNode {
  return {
    key,
    step: stepOf({ service, name }),
    parent,
    service,
    name,
    depth: parent === null ? -1 : parent.depth + 1,
    count: 0,
    errors: 0,
    total: 0,
    self: 0,
    weight: 0,
    spans: [],
    children: [],
  };
}

function add(node: PathNode, span: Span, self: number): void {
  node.count += 1;
  node.errors += span.isError ? 1 : 0;
  node.total += span.duration;
  node.self += self;
  node.spans.push(span.index);
}

/** `nodes` has parents before their children. */
function weigh(top: PathNode, nodes: readonly PathNode[]): void {
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as PathNode;
    node.weight = node.self + node.children.reduce((sum, child) => sum + child.weight, 0);
  }
  top.weight = top.children.reduce((sum, child) => sum + child.weight, 0);
}

export interface FlameBox {
  node: PathNode;
  /** 0 to 1, of the width of the whole. */
  from: number;
  to: number;
  depth: number;
}

/** Below this share of the width nothing can be seen or hit: half a pixel of 2,000. */
const SHARE_MIN = 0.00025;

/** Boxes of `focus` and all below it over the whole width; the widest of siblings stand first. */
export function flameBoxes(focus: PathNode): FlameBox[] {
  const out: FlameBox[] = [];
  const whole = focus.weight;
  if (whole <= 0) return out;
  const stack: { node: PathNode; from: number }[] = [{ node: focus, from: 0 }];
  for (let here = stack.pop(); here !== undefined; here = stack.pop()) {
    const width = here.node.weight / whole;
    if (width < SHARE_MIN) continue;
    if (here.node.depth >= 0) {
      out.push({ node: here.node, from: here.from, to: here.from + width, depth: here.node.depth });
    }
    let from = here.from;
    for (const child of [...here.node.children].sort((a, b) => b.weight - a.weight)) {
      stack.push({ node: child, from });
      from += child.weight / whole;
    }
  }
  return out;
}

export type Way = 'up' | 'down' | 'left' | 'right';

/** The box that the arrow keys lead to: below it the widest, which stands first. Null where there is none. */
export function boxBeside(boxes: readonly FlameBox[], at: FlameBox, way: Way): FlameBox | null {
  const first = (found: readonly FlameBox[], place: (box: FlameBox) => number): FlameBox | null =>
    found.reduce<FlameBox | null>((best, box) => (best === null || place(box) < place(best) ? box : best), null);
  const level = at.depth + (way === 'down' ? 1 : way === 'up' ? -1 : 0);
  const row = boxes.filter((box) => box.depth === level);
  switch (way) {
    case 'up':
      return row.find((box) => box.node === at.node.parent) ?? null;
    case 'down':
      return first(
        row.filter((box) => box.node.parent === at.node),
        (box) => box.from,
      );
    case 'left':
      return first(
        row.filter((box) => box.from < at.from),
        (box) => -box.from,
      );
    case 'right':
      return first(
        row.filter((box) => box.from > at.from),
        (box) => box.from,
      );
  }
}

export function findNode(top: PathNode, key: string): PathNode | null {
  const stack = [top];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.key === key) return node;
    for (const child of node.children) stack.push(child);
  }
  return null;
}

/** What lies above a node, from the top; not the top itself. */
export function above(node: PathNode): PathNode[] {
  const out: PathNode[] = [];
  for (let here = node.parent; here !== null && here.parent !== null; here = here.parent) out.push(here);
  return out.reverse();
}
