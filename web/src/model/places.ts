// The places of the application that exist, for the navigation, the palette and the keys.

export interface Place {
  path: '/explore/metrics' | '/traces' | '/pipeline/targets' | '/settings/status';
  title: string;
  group: string;
  /** Two keys, typed after each other. */
  keys: string;
  words: string;
}

export const PLACES: Place[] = [
  { path: '/explore/metrics', title: 'Metrics', group: 'Explore', keys: 'g m', words: 'promql query graph' },
  {
    path: '/traces',
    title: 'Traces',
    group: 'Explore',
    keys: 'g r',
    words: 'spans requests latency jaeger tempo waterfall',
  },
  {
    path: '/pipeline/targets',
    title: 'Targets',
    group: 'Pipeline',
    keys: 'g t',
    words: 'scrape pools discovery relabel',
  },
  {
    path: '/settings/status',
    title: 'Status',
    group: 'Settings',
    keys: 'g s',
    words: 'flags configuration tsdb cardinality runtime',
  },
];

/** A query, opened in Explore. `pages/explore/url.ts` reads it. */
export function exploreSearch(query: string): Record<string, string> {
  return { a: query };
}
