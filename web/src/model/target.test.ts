import { describe, expect, it } from 'vitest';
import type { Health, WireDroppedTarget, WireTarget } from '@/api/targets';
import {
  compareLabels,
  countHealth,
  filterDropped,
  filterTargets,
  groupPools,
  lastScrapeAt,
  tellingLabels,
  timeoutShare,
} from './target';

function target(scrapePool: string, host: string, health: Health, lastError = ''): WireTarget {
  return {
    scrapePool,
    scrapeUrl: `http://${host}/metrics`,
    globalUrl: '',
    health,
    lastError,
    labels: { job: scrapePool, instance: host },
    discoveredLabels: { __address__: host, __meta_zone: 'eu-1' },
    lastScrape: '2026-01-01T00:00:00Z',
    lastScrapeDuration: 0.5,
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  };
}

const all = [
  target('b', 'h10:1', 'up'),
  target('a', 'x:1', 'up'),
  target('b', 'h2:1', 'up'),
  target('b', 'z:1', 'down', 'connection refused'),
];
const none = { state: null, pool: null, find: '' };

describe('targets', () => {
  it('are grouped by pool, what is wrong first, numbers as numbers', () => {
    const pools = groupPools(all);
    expect(pools.map((pool) => pool.name)).toEqual(['a', 'b']);
    expect(pools[1]?.targets.map((one) => one.labels['instance'])).toEqual(['z:1', 'h2:1', 'h10:1']);
    expect(countHealth(all)).toEqual({ up: 3, down: 1, unknown: 0 });
  });

  it('are filtered by state, pool, labels, address and error', () => {
    expect(filterTargets(all, { ...none, state: 'down' })).toHaveLength(1);
    expect(filterTargets(all, { ...none, pool: 'a' })).toHaveLength(1);
    expect(filterTargets(all, { ...none, find: 'REFUSED' })).toHaveLength(1);
    expect(filterTargets(all, { ...none, find: '__meta_zone=eu' })).toHaveLength(4);
    expect(filterTargets(all, { ...none, find: 'h2:1' })).toHaveLength(1);
  });

  it('say when they were scraped', () => {
    expect(lastScrapeAt({ lastScrape: '0001-01-01T00:00:00Z' })).toBeNull();
    expect(lastScrapeAt({ lastScrape: '2026-01-01T00:00:00Z' })).toBe(Date.UTC(2026, 0, 1));
    expect(timeoutShare({ lastScrapeDuration: 2.5, scrapeTimeout: '10s' })).toBe(0.25);
    expect(timeoutShare({ lastScrapeDuration: 99, scrapeTimeout: '10s' })).toBe(1);
    expect(timeoutShare({ lastScrapeDuration: 1, scrapeTimeout: '' })).toBe(0);
  });
});

it('filters what was dropped', () => {
  const dropped: WireDroppedTarget[] = [
    { discoveredLabels: { job: 'old', __address__: 'h:1' } },
    { discoveredLabels: {}, scrapePool: 'new' },
  ];
  expect(filterDropped(dropped, { pool: 'old', find: '' })).toHaveLength(1);
  expect(filterDropped(dropped, { pool: null, find: 'h:1' })).toHaveLength(1);
});

it('compares labels', () => {
  const changes = compareLabels({ __address__: 'h:1', job: 'a', x: '1' }, { job: 'b', x: '1', team: 't' });
  expect(changes.map((one) => [one.name, one.change])).toEqual([
    ['job', 'changed'],
    ['team', 'added'],
    ['x', 'same'],
    ['__address__', 'removed'],
  ]);
});

it('does not repeat the pool and the address', () => {
  expect(
    tellingLabels({ scrapePool: 'b', scrapeUrl: 'http://h:1/m', labels: { job: 'b', instance: 'h:1', team: 't' } }),
  ).toEqual({ team: 't' });
  expect(tellingLabels({ scrapePool: 'b', scrapeUrl: 'http://h:1/m', labels: { job: 'c', instance: 'h' } })).toEqual({
    job: 'c',
    instance: 'h',
  });
});
