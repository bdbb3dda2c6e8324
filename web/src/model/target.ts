// Targets as the page lists them: pools, counts, what a filter leaves.
import type { Health, WireDroppedTarget, WireTarget } from '@/api/targets';
import type { Labels } from '@/api/query';
import { parseDuration } from '@/lib/duration';

export interface Pool {
  name: string;
  targets: WireTarget[];
  counts: Record<Health, number>;
}

export interface TargetFilter {
  state: Health | null;
  pool: string | null;
  find: string;
}

const WORST_FIRST: Health[] = ['down', 'unknown', 'up'];

export function countHealth(targets: readonly WireTarget[]): Record<Health, number> {
  const counts: Record<Health, number> = { up: 0, down: 0, unknown: 0 };
  for (const target of targets) counts[target.health] += 1;
  return counts;
}

/** In the order of their names; inside, what is wrong first. */
export function groupPools(targets: readonly WireTarget[]): Pool[] {
  const pools = new Map<string, WireTarget[]>();
  for (const target of targets) pools.set(target.scrapePool, [...(pools.get(target.scrapePool) ?? []), target]);
  return [...pools]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, all]) => ({
      name,
      counts: countHealth(all),
      targets: all.sort(
        (a, b) =>
          WORST_FIRST.indexOf(a.health) - WORST_FIRST.indexOf(b.health) ||
          a.scrapeUrl.localeCompare(b.scrapeUrl, 'en', { numeric: true }),
      ),
    }));
}

function holds(text: string, labels: Labels): boolean {
  return Object.entries(labels).some(([name, value]) => `${name}=${value}`.toLowerCase().includes(text));
}

export function filterTargets(targets: readonly WireTarget[], filter: TargetFilter): WireTarget[] {
  const text = filter.find.trim().toLowerCase();
  return targets.filter(
    (target) =>
      (filter.state === null || target.health === filter.state) &&
      (filter.pool === null || target.scrapePool === filter.pool) &&
      (text === '' ||
        target.scrapeUrl.toLowerCase().includes(text) ||
        target.lastError.toLowerCase().includes(text) ||
        holds(text, target.labels) ||
        holds(text, target.discoveredLabels)),
  );
}

export function poolOfDropped(target: WireDroppedTarget): string {
  return target.scrapePool ?? target.discoveredLabels['job'] ?? '';
}

export function filterDropped(
  targets: readonly WireDroppedTarget[],
  filter: Pick<TargetFilter, 'pool' | 'find'>,
): WireDroppedTarget[] {
  const text = filter.find.trim().toLowerCase();
  return targets.filter(
    (target) =>
      (filter.pool === null || poolOfDropped(target) === filter.pool) &&
      (text === '' || holds(text, target.discoveredLabels)),
  );
}

/** Milliseconds since 1970; null before the first scrape, which Go writes as the year 1. */
export function lastScrapeAt(target: Pick<WireTarget, 'lastScrape'>): number | null {
  const at = Date.parse(target.lastScrape);
  return Number.isNaN(at) || at <= 0 ? null : at;
}

/** How much of its timeout the last scrape took, 0–1. */
export function timeoutShare(target: Pick<WireTarget, 'lastScrapeDuration' | 'scrapeTimeout'>): number {
  const timeout = parseDuration(target.scrapeTimeout);
  return timeout === null ? 0 : Math.min(1, (target.lastScrapeDuration * 1000) / timeout);
}

export type Change = 'same' | 'added' | 'changed' | 'removed';

export interface LabelChange {
  name: string;
  before: string | null;
  after: string | null;
  change: Change;
}

/** Two label sets side by side. Labels that relabeling always takes away (`__…`) come last. */
export function compareLabels(before: Labels, after: Labels): LabelChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const isHidden = (name: string): number => Number(name.startsWith('__'));
  return names
    .sort((a, b) => isHidden(a) - isHidden(b) || a.localeCompare(b))
    .map((name) => {
      const [old, now] = [before[name] ?? null, after[name] ?? null];
      const change = old === now ? 'same' : old === null ? 'added' : now === null ? 'removed' : 'changed';
      return { name, before: old, after: now, change };
    });
}

/** Labels that say more than the pool's name and the address do. */
export function tellingLabels(target: Pick<WireTarget, 'labels' | 'scrapePool' | 'scrapeUrl'>): Labels {
  const isSaid = (name: string, value: string): boolean =>
    (name === 'job' && value === target.scrapePool) ||
    (name === 'instance' && target.scrapeUrl.includes(`//${value}/`));
  return Object.fromEntries(Object.entries(target.labels).filter(([name, value]) => !isSaid(name, value)));
}
