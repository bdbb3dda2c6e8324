// Which address shows which page. Each page's code is loaded when it is opened.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { PageError, NotFound } from '@/components/common/PageState';
import { Shell } from '@/components/shell/Shell';
import { decodeShell } from '@/components/shell/shellUrl';
import { parseSearch, printSearch } from '@/lib/search';
import { cleanExplore, fromPrometheus } from '@/pages/explore/url';
import { cleanStatus } from '@/pages/status/url';
import { cleanTargets } from '@/pages/targets/url';

const root = createRootRoute({ component: Shell, errorComponent: PageError, notFoundComponent: NotFound });

const flat = (search: Record<string, unknown>): Record<string, string> => ({ ...decodeShell(search) });

const explore = createRoute({
  getParentRoute: () => root,
  path: '/explore/metrics',
  validateSearch: (search: Record<string, unknown>) => ({ ...flat(search), ...cleanExplore(search) }),
  component: lazyRouteComponent(() => import('@/pages/explore/ExplorePage'), 'ExplorePage'),
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
  routeTree: root.addChildren([home, explore, targets, status, ...graph, ...old]),
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
