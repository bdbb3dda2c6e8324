// Who is whose child, and the order of a walk through them. Iterative: a trace may be as deep as it is long.
import type { WireSpan } from '@/api/events';

export interface Tree {
  /** Places in the list that came in, parents before children, siblings by their start. */
  order: number[];
  /** Place of the parent of each, by place; -1 for none. */
  parents: number[];
  orphans: number[];
  duplicates: number[];
  rings: number[];
}

const isNone = (id: string | null | undefined): boolean => id == null || /^0*$/.test(id);

export function orderTree(spans: readonly WireSpan[], starts: readonly number[]): Tree {
  const holders = holdersOf(spans);
  const tree: Tree = { order: [], parents: [], orphans: [], duplicates: [], rings: [] };
  spans.forEach((span, at) => {
    const { parent, isDuplicate } = parentOf(spans, holders, at);
    tree.parents.push(parent);
    if (parent < 0 && !isNone(span.parent_span_id)) tree.orphans.push(at);
    if (isDuplicate) tree.duplicates.push(at);
  });
  walk(tree, starts);
  return tree;
}

/** Which spans have an id, in the order in which they came. */
function holdersOf(spans: readonly WireSpan[]): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  spans.forEach((span, at) => {
    const known = holders.get(span.span_id);
    if (known === undefined) holders.set(span.span_id, [at]);
    else known.push(at);
  });
  return holders;
}

/**
 * Zipkin gives both sides of a call one id: then the server's span is the client's child, and what the server called
 * is the server's. That is no fault. Any other second span with an id is one.
 */
function parentOf(
  spans: readonly WireSpan[],
  holders: ReadonlyMap<string, number[]>,
  at: number,
): { parent: number; isDuplicate: boolean } {
  const span = spans[at] as WireSpan;
  const same = holders.get(span.span_id) ?? [];
  const clientHere = sideOf(spans, same, 'client');
  if (span.span_kind === 'server' && clientHere >= 0) {
    return { parent: clientHere, isDuplicate: sideOf(spans, same, 'server') !== at };
  }
  const isPair = clientHere === at && sideOf(spans, same, 'server') >= 0;
  const above = isNone(span.parent_span_id) ? [] : (holders.get(span.parent_span_id ?? '') ?? []);
  const candidates = above.filter((other) => other !== at);
  const server = sideOf(spans, candidates, 'server');
  const parent = server >= 0 && candidates.length > 1 ? server : (candidates[0] ?? -1);
  return { parent, isDuplicate: !isPair && same[0] !== at };
}

function sideOf(spans: readonly WireSpan[], among: readonly number[], kind: 'client' | 'server'): number {
  return among.find((at) => spans[at]?.span_kind === kind) ?? -1;
}

function walk(tree: Tree, starts: readonly number[]): void {
  const children = new Map<number, number[]>();
  tree.parents.forEach((parent, at) => {
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [at]);
    else known.push(at);
  });
  const byStart = (a: number, b: number): number => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b;
  const seen = new Uint8Array(tree.parents.length);
  const visit = (from: number): void => {
    const stack = [from];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen[at] === 1) continue;
      seen[at] = 1;
      tree.order.push(at);
      // The last pushed is visited first.
      const below = (children.get(at) ?? []).sort(byStart);
      for (let i = below.length - 1; i >= 0; i--) stack.push(below[i] as number);
    }
  };
  (children.get(-1) ?? []).sort(byStart).forEach(visit);
  // What no walk from the top reaches goes round in a ring: opened at its earliest.
  const lost = tree.parents.map((_, at) => at).filter((at) => seen[at] === 0);
  for (const at of lost.sort(byStart)) {
    if (seen[at] === 1) continue;
    const first = ringOf(tree.parents, at).sort(byStart)[0] ?? at;
    tree.parents[first] = -1;
    tree.rings.push(first);
    visit(first);
  }
}

/** The ring that the parents of `at` lead into. */
function ringOf(parents: readonly number[], at: number): number[] {
  const passed = new Map<number, number>();
  const path: number[] = [];
  let here = at;
  while (here >= 0 && !passed.has(here)) {
    passed.set(here, path.length);
    path.push(here);
    here = parents[here] ?? -1;
  }
  return path.slice(passed.get(here) ?? 0);
}
