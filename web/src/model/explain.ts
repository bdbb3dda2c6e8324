// What each part of a query cost, as lines of a tree.
import type { WireExplainNode } from '@/api/explain';

export interface Cost {
  id: string;
  depth: number;
  expr: string;
  series: number;
  samples: number;
  /** Milliseconds, with everything below. */
  total: number;
  /** Milliseconds, without what is below. */
  own: number;
  /** `own` as a share of the whole query, 0–1. */
  share: number;
  hasChildren: boolean;
}

/** Top down, each part before its own parts. */
export function flatten(root: WireExplainNode, totalMs: number): Cost[] {
  const out: Cost[] = [];
  const visit = (node: WireExplainNode, depth: number, id: string): void => {
    const children = node.children ?? [];
    const below = children.reduce((sum, child) => sum + child.duration_ms, 0);
    const own = Math.max(0, node.duration_ms - below);
    out.push({
      id,
      depth,
      expr: node.expr,
      series: node.series,
      samples: node.samples,
      total: node.duration_ms,
      own,
      share: totalMs > 0 ? Math.min(1, own / totalMs) : 0,
      hasChildren: children.length > 0,
    });
    children.forEach((child, index) => visit(child, depth + 1, `${id}.${index}`));
  };
  visit(root, 0, '0');
  return out;
}

/** The part that costs most by itself; null when nothing cost anything. */
export function hottest(costs: readonly Cost[]): Cost | null {
  return costs.reduce<Cost | null>((best, cost) => (cost.own > (best?.own ?? 0) ? cost : best), null);
}
