// The places of the application that exist, for the navigation, the palette and the keys.

export interface Place {
  path:
    | '/explore/metrics'
    | '/logs'
    | '/traces'
    | '/services'
    | '/map'
    | '/pipeline/targets'
    | '/pipeline/receivers'
    | '/settings/status';
  title: string;
  group: string;
  /** Two keys, typed after each other. */
  keys: string;
  words: string;
  /** Shows what was within the time range. */
  isTimed?: boolean;
  /** Shows what the service chosen in the bar above has, when one is. */
  isOfService?: boolean;
}

export const PLACES: Place[] = [
  {
    path: '/explore/metrics',
    title: 'Metrics',
    group: 'Explore',
    keys: 'g m',
    words: 'promql query graph',
    isTimed: true,
  },
  {
    path: '/logs',
    title: 'Logs',
    group: 'Explore',
    keys: 'g l',
    words: 'events lines search tail live patterns loki elasticsearch kibana',
    isTimed: true,
    isOfService: true,
  },
  {
    path: '/traces',
    title: 'Traces',
    group: 'Explore',
    keys: 'g r',
    words: 'spans requests latency jaeger tempo waterfall',
    isTimed: true,
    isOfService: true,
  },
  {
    path: '/services',
    title: 'Services',
    group: 'Services',
    keys: 'g v',
    words: 'red rate errors duration latency operations deploys releases apm',
    isTimed: true,
    isOfService: true,
  },
  {
    path: '/map',
    title: 'Service map',
    group: 'Services',
    keys: 'g p',
    words: 'graph dependencies topology calls',
    isTimed: true,
    isOfService: true,
  },
  {
    path: '/pipeline/targets',
    title: 'Targets',
    group: 'Pipeline',
    keys: 'g t',
    words: 'scrape pools discovery relabel',
    isTimed: true,
  },
  {
    path: '/pipeline/receivers',
    title: 'Receivers',
    group: 'Pipeline',
    keys: 'g i',
    words: 'otlp zipkin ingest refused rejected dropped intake',
  },
  {
    path: '/settings/status',
    title: 'Status',
    group: 'Settings',
    keys: 'g s',
    words: 'flags configuration tsdb cardinality runtime',
  },
];

/** Whether the page at this path depends on the time range. A single trace lies where it lies. */
export function isTimed(path: string): boolean {
  return PLACES.some(
    (place) =>
      place.isTimed === true && (path === place.path || (place.path === '/services' && path.startsWith('/services/'))),
  );
}

/** A query, opened in Explore. `pages/explore/url.ts` reads it. */
export function exploreSearch(query: string): Record<string, string> {
  return { a: query };
}
