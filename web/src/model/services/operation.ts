// Operations of a service: the names of the spans that answer requests.
import type { Red } from './numbers';

export interface Operation {
  name: string;
  red: Red;
  before: Red | null;
  /** Of all time that the service's requests take. */
  share: number | null;
}

export function buildOperations(now: ReadonlyMap<string, Red>, before: ReadonlyMap<string, Red>): Operation[] {
  const busy = [...now.values()].reduce((sum, red) => sum + (red.busy ?? 0), 0);
  return [...now]
    .filter(([, red]) => red.rate > 0)
    .map(([name, red]) => ({
      name,
      red,
      before: before.get(name) ?? null,
      share: red.busy === null || busy === 0 ? null : red.busy / busy,
    }));
}

export type OperationKey = 'name' | 'share' | 'rate' | 'errors' | 'p50' | 'p95' | 'p99';

/** What has no number stays last, whichever way it goes. */
export function sortOperations(all: readonly Operation[], key: OperationKey, descending: boolean): Operation[] {
  const direction = descending ? -1 : 1;
  const byName = (a: Operation, b: Operation): number => a.name.localeCompare(b.name);
  if (key === 'name') return [...all].sort((a, b) => direction * byName(a, b));
  const size = (one: Operation): number | null => (key === 'share' ? one.share : one.red[key]);
  return [...all].sort((a, b) => {
    const [x, y] = [size(a), size(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    return direction * (x - y) || byName(a, b);
  });
}
