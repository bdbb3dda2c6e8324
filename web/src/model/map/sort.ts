// Calls in the order of a column.
import type { Edge } from './graph';

export type EdgeKey = 'client' | 'server' | 'rate' | 'errors' | 'p95';

/** What has no number stays last, whichever way it goes. */
export function sortEdges(edges: readonly Edge[], key: EdgeKey, descending: boolean): Edge[] {
  const direction = descending ? -1 : 1;
  const byKey = (a: Edge, b: Edge): number => (a.key < b.key ? -1 : 1);
  if (key === 'client' || key === 'server') {
    return [...edges].sort((a, b) => direction * a[key].localeCompare(b[key]) || byKey(a, b));
  }
  return [...edges].sort((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byKey(a, b);
    return direction * (x - y) || byKey(a, b);
  });
}
