// Which address shows which page. Each page's code is loaded when it is opened.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { PageError, NotFound } from '@/components/common/PageState';
import { Shell } from '@/components/shell/Shell';
import { decodeShell } from '@/components/shell/shellUrl';
import { parseSearch, printSearch } from '@/lib/search';
import { cleanExplore, fromPrometheus } from '@/pages/explore/url';
import { cleanLogs } from '@/pages/logs/url';
import { cleanMap } from '@/pages/map/url';
import { cleanServices } from '@/pages/services/url';
import { cleanStatus } from '@/pages/status/url';
import { cleanTargets } from '@/pages/targets/url';
import { cleanTrace } from '@/pages/trace/url';
import { fromJaeger } from '@/pages/traces/jaegerLink';
import { cleanTraces } from '@/pages/traces/url';

const root = createRootRoute({ component: Shell, errorComponent: PageError, notFoundComponent: NotFound });

const flat = (search: Record<string, unknown>): Record<string, string> => ({ ...decodeShell(search) });

const explore = createRoute({
  getParentRoute: () => root,
  path: '/explore/metrics',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanExplore(search) }),
  component: lazyRouteComponent(() => import('@/pages/explore/ExplorePage'), 'ExplorePage'),
});

const logs = createRoute({
  getParentRoute: () => root,
  path: '/logs',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanLogs(search) }),
  component: lazyRouteComponent(() => import('@/pages/logs/LogsPage'), 'LogsPage'),
});

const services = createRoute({
  getParentRoute: () => root,
  path: '/services',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanServices(search) }),
  component: lazyRouteComponent(() => import('@/pages/services/ServicesPage'), 'ServicesPage'),
});

const service = createRoute({
  getParentRoute: () => root,
  path: '/services/$service',
  // The service is in the path.
  validateSearch: (search: Record<string, unknown>): Record<string, string> => ({ ...flat(search), service: '' }),
  component: lazyRouteComponent(() => import('@/pages/services/ServicePage'), 'ServicePage'),
});

const map = createRoute({
  getParentRoute: () => root,
  path: '/map',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanMap(search) }),
  component: lazyRouteComponent(() => import('@/pages/map/MapPage'), 'MapPage'),
});

const receivers = createRoute({
  getParentRoute: () => root,
  path: '/pipeline/receivers',
  validateSearch: (search: Record<string, unknown>) => flat(search),
  component: lazyRouteComponent(() => import('@/pages/receivers/ReceiversPage'), 'ReceiversPage'),
});

const traces = createRoute({
  getParentRoute: () => root,
  path: '/traces',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanTraces(search) }),
  component: lazyRouteComponent(() => import('@/pages/traces/TracesPage'), 'TracesPage'),
});

const trace = createRoute({
  getParentRoute: () => root,
  path: '/traces/$traceId',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanTrace(search) }),
  component: lazyRouteComponent(() => import('@/pages/trace/TracePage'), 'TracePage'),
});

/** Links that Jaeger's users hold. */
const jaegerTrace = createRoute({
  getParentRoute: () => root,
  path: '/trace/$traceId',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/traces/$traceId', params: { traceId: params.traceId } });
  },
});

const jaegerSearch = createRoute({
  getParentRoute: () => root,
  path: '/search',
  validateSearch: (search: Record<string, unknown>) => search as Record<string, string>,
  beforeLoad: ({ search }) => {
    throw redirect({ to: '/traces', search: fromJaeger(search) });
  },
});

const targets = createRoute({
  getParentRoute: () => root,
  path: '/pipeline/targets',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanTargets(search) }),
  component: lazyRouteComponent(() => import('@/pages/targets/TargetsPage'), 'TargetsPage'),
});

const status = createRoute({
  getParentRoute: () => root,
  path: '/settings/status',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanStatus(search) }),
  component: lazyRouteComponent(() => import('@/pages/status/StatusPage'), 'StatusPage'),
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/explore/metrics' });
  },
});

/** Links that Prometheus's alerts and people's bookmarks hold. */
const graph = ['/graph', '/query'].map((path) =>
  createRoute({
    getParentRoute: () => root,
    path,
    validateSearch: (search: Record<string, unknown>) => search as Record<string, string>,
    beforeLoad: ({ search }) => {
      throw redirect({ to: '/explore/metrics', search: fromPrometheus(search) });
    },
  }),
);

const moved: [string, '/pipeline/targets' | '/settings/status', Record<string, string>][] = [
  ['/targets', '/pipeline/targets', {}],
  ['/service-discovery', '/pipeline/targets', { view: 'dropped' }],
  ['/status', '/settings/status', {}],
  ['/tsdb-status', '/settings/status', { view: 'cardinality' }],
  ['/flags', '/settings/status', { view: 'flags' }],
  ['/config', '/settings/status', { view: 'configuration' }],
];

const old = moved.map(([path, to, search]) =>
  createRoute({
    getParentRoute: () => root,
    path,
    beforeLoad: () => {
      throw redirect({ to, search });
    },
  }),
);

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    explore,
    logs,
    traces,
    trace,
    jaegerTrace,
    jaegerSearch,
    services,
    service,
    map,
    targets,
    receivers,
    status,
    ...graph,
    ...old,
  ]),
  parseSearch,
  stringifySearch: printSearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
