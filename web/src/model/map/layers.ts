// Which layer of the map each node is in. Rings are opened first, so that all but a few calls go one way.

export interface Arrow {
  from: string;
  to: string;
}

export interface Layers {
  /** By node, from 0. */
  layerOf: Map<string, number>;
  /** Calls that close a ring, as `from\nto`: they go against the direction of the others. */
  back: Set<string>;
}

export const arrowKey = ({ from, to }: Arrow): string => `${from}\n${to}`;

export function assignLayers(names: readonly string[], arrows: readonly Arrow[]): Layers {
  const sorted = [...names].sort();
  const back = backArrows(sorted, arrows);
  const forward = arrows
    .filter((arrow) => arrow.from !== arrow.to)
    .map((arrow) => (back.has(arrowKey(arrow)) ? { from: arrow.to, to: arrow.from } : arrow));
  const layerOf = longestPaths(sorted, forward);
  pullTogether(sorted, forward, layerOf);
  return { layerOf, back };
}

/** Depth first, from what nobody calls; a call to what is still open closes a ring. */
function backArrows(names: readonly string[], arrows: readonly Arrow[]): Set<string> {
  const targets = neighbours(arrows, 'from', 'to');
  const called = new Set(arrows.filter((arrow) => arrow.from !== arrow.to).map((arrow) => arrow.to));
  const starts = [...names].sort((a, b) => Number(called.has(a)) - Number(called.has(b)) || (a < b ? -1 : 1));
  const state = new Map<string, 'open' | 'done'>();
  const back = new Set<string>();
  for (const start of starts) {
    // An own stack: a chain of services may be longer than the browser's.
    const stack: { name: string; next: number }[] = state.has(start) ? [] : [{ name: start, next: 0 }];
    if (stack.length > 0) state.set(start, 'open');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const target = targets.get(top.name)?.[top.next++];
      if (target === undefined) {
        state.set(top.name, 'done');
        stack.pop();
      } else if (state.get(target) === 'open') {
        if (target !== top.name) back.add(arrowKey({ from: top.name, to: target }));
      } else if (!state.has(target)) {
        state.set(target, 'open');
        stack.push({ name: target, next: 0 });
      }
    }
  }
  return back;
}

/** Arrows have no rings any more. */
function longestPaths(names: readonly string[], arrows: readonly Arrow[]): Map<string, number> {
  const targets = neighbours(arrows, 'from', 'to');
  // Counted as they are walked: a call and the answer to it, turned round, are one.
  const waiting = new Map(names.map((name) => [name, 0]));
  for (const own of targets.values()) for (const target of own) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  const layerOf = new Map(names.map((name) => [name, 0]));
  const ready = names.filter((name) => waiting.get(name) === 0);
  for (let name = ready.shift(); name !== undefined; name = ready.shift()) {
    for (const target of targets.get(name) ?? []) {
      layerOf.set(target, Math.max(layerOf.get(target) ?? 0, (layerOf.get(name) ?? 0) + 1));
      const left = (waiting.get(target) ?? 0) - 1;
      waiting.set(target, left);
      if (left === 0) ready.push(target);
    }
  }
  return layerOf;
}

/** What nobody calls stands right before what it calls first. */
function pullTogether(names: readonly string[], arrows: readonly Arrow[], layerOf: Map<string, number>): void {
  const targets = neighbours(arrows, 'from', 'to');
  const called = new Set(arrows.map((arrow) => arrow.to));
  for (const name of names) {
    const own = targets.get(name) ?? [];
    if (called.has(name) || own.length === 0) continue;
    layerOf.set(name, Math.min(...own.map((target) => layerOf.get(target) ?? 0)) - 1);
  }
}

/** By name, each once, sorted. */
export function neighbours(
  arrows: readonly Arrow[],
  of: 'from' | 'to',
  other: 'from' | 'to',
): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, Set<string>>();
  for (const arrow of arrows) {
    const known = out.get(arrow[of]);
    if (known === undefined) out.set(arrow[of], new Set([arrow[other]]));
    else known.add(arrow[other]);
  }
  return new Map([...out].map(([name, set]) => [name, [...set].sort()]));
}
