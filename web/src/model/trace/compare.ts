// Two traces side by side, matched by path: service and operation of each level.
import type { PathNode } from './pathTree';

export type Change = 'added' | 'removed' | 'slower' | 'faster' | 'more' | 'fewer' | 'same';

export interface Side {
  count: number;
  errors: number;
  /** Nanoseconds. */
  total: number;
  self: number;
  spans: number[];
}

export interface CompareRow {
  key: string;
  service: string;
  name: string;
  depth: number;
  /** Null where the path is not there. */
  before: Side | null;
  after: Side | null;
  change: Change;
  /** Sum of the durations after, less that before. */
  by: number;
  /** Own time after, less that before: where the difference comes from. */
  selfBy: number;
  hasChildren: boolean;
}

/** A change of less than both of these is noise. */
const SHARE_MIN = 0.2;
const NANOS_MIN = 1e5;

/** In the order of the tree: the first trace's, with what only the second has after its siblings. */
export function compareTrees(before: PathNode, after: PathNode): CompareRow[] {
  const rows: CompareRow[] = [];
  const stack = pairs(before, after).reverse();
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    const [left, right] = pair;
    const below = pairs(left, right);
    rows.push(rowOf(left, right, below.length > 0));
    for (let i = below.length - 1; i >= 0; i--) stack.push(below[i] as Pair);
  }
  return rows;
}

type Pair = [PathNode | null, PathNode | null];

function pairs(left: PathNode | null, right: PathNode | null): Pair[] {
  const rest = new Map((right?.children ?? []).map((node) => [node.step, node]));
  const out: Pair[] = (left?.children ?? []).map((node) => {
    const match = rest.get(node.step) ?? null;
    rest.delete(node.step);
    return [node, match];
  });
  return [...out, ...[...rest.values()].map((node): Pair => [null, node])];
}

function rowOf(left: PathNode | null, right: PathNode | null, hasChildren: boolean): CompareRow {
  const node = (left ?? right) as PathNode;
  const [before, after] = [sideOf(left), sideOf(right)];
  return {
    key: `${left === null ? 'b' : 'a'}${node.key}`,
    service: node.service,
    name: node.name,
    depth: node.depth,
    before,
    after,
    change: changeOf(before, after),
    by: (after?.total ?? 0) - (before?.total ?? 0),
    selfBy: (after?.self ?? 0) - (before?.self ?? 0),
    hasChildren,
  };
}

function sideOf(node: PathNode | null): Side | null {
  if (node === null) return null;
  const { count, errors, total, self, spans } = node;
  return { count, errors, total, self, spans };
}

function changeOf(before: Side | null, after: Side | null): Change {
  if (before === null) return 'added';
  if (after === null) return 'removed';
  const by = after.total - before.total;
  const isNoise = Math.abs(by) < NANOS_MIN || Math.abs(by) < SHARE_MIN * Math.max(before.total, after.total);
  if (!isNoise) return by > 0 ? 'slower' : 'faster';
  if (after.count !== before.count) return after.count > before.count ? 'more' : 'fewer';
  return 'same';
}

export interface CompareSummary {
  counts: Record<Change, number>;
  /** The paths whose own time grew most. */
  culprits: CompareRow[];
}

export const CULPRITS_MAX = 3;

export function summarise(rows: readonly CompareRow[]): CompareSummary {
  const counts: Record<Change, number> = { added: 0, removed: 0, slower: 0, faster: 0, more: 0, fewer: 0, same: 0 };
  for (const row of rows) counts[row.change] += 1;
  const culprits = rows
    .filter((row) => row.selfBy > NANOS_MIN)
    .sort((a, b) => b.selfBy - a.selfBy)
    .slice(0, CULPRITS_MAX);
  return { counts, culprits };
}
