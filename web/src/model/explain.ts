// What each part of a query cost, as lines of a tree.
import type { WireExplainNode } from '@/api/explain';

export interface Cost {
  id: string;
  depth: number;
  expr: string;
  /** The larger of what came in and what went out. */
  series: number;
  samples: number;
  /** Milliseconds, with everything below. */
  total: number;
  /** Milliseconds, without what is below. */
  own: number;
  /** `own` as a share of the whole query, 0–1. */
  share: number;
  /** Done in one pass with the part above, which has its time. */
  isFused: boolean;
  /** Evaluated once for all steps. */
  isOnce: boolean;
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
      series: Math.max(node.series, node.series_in ?? 0),
      samples: node.samples,
      total: node.duration_ms,
      own,
      share: totalMs > 0 ? Math.min(1, own / totalMs) : 0,
      isFused: node.fused === true,
      isOnce: node.once === true,
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
