// Services as the list shows them: what their metrics say now and before, and what their spans say of releases.
import type { Red } from './numbers';
import type { Release } from './release';

export interface Service {
  name: string;
  /** Null for a service that answers nothing: it only asks, or works by itself. */
  red: Red | null;
  before: Red | null;
  /** Requests a second over the range. */
  course: (number | null)[];
  /** Milliseconds since 1970; null when that is not known. */
  seen: number | null;
  /** The newest first. */
  releases: Release[];
}

export interface ServiceParts {
  now: ReadonlyMap<string, Red>;
  before: ReadonlyMap<string, Red>;
  courses: ReadonlyMap<string, (number | null)[]>;
  releases: ReadonlyMap<string, Release[]>;
}

export function buildServices({ now, before, courses, releases }: ServiceParts): Service[] {
  const names = new Set([...now.keys(), ...releases.keys()].filter((name) => name !== ''));
  return [...names].map((name) => {
    const own = releases.get(name) ?? [];
    const seen = own.reduce((latest, one) => Math.max(latest, one.last), -Infinity);
    return {
      name,
      red: now.get(name) ?? null,
      before: before.get(name) ?? null,
      course: courses.get(name) ?? [],
      seen: Number.isFinite(seen) ? seen : null,
      releases: own.filter((one) => one.name !== ''),
    };
  });
}

export type ServiceKey = 'name' | 'rate' | 'errors' | 'p50' | 'p95' | 'p99' | 'seen';

/** What has no number stays last, whichever way it goes. */
export function sortServices(services: readonly Service[], key: ServiceKey, descending: boolean): Service[] {
  const direction = descending ? -1 : 1;
  const byName = (a: Service, b: Service): number => a.name.localeCompare(b.name);
  if (key === 'name') return [...services].sort((a, b) => direction * byName(a, b));
  const size = (one: Service): number | null => (key === 'seen' ? one.seen : (one.red?.[key] ?? null));
  return [...services].sort((a, b) => {
    const [x, y] = [size(a), size(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    return direction * (x - y) || byName(a, b);
  });
}

/** Those with the text in their names; of one service, when one is chosen, it alone. */
export function findServices(services: readonly Service[], text: string, only: string | null): readonly Service[] {
  const needle = text.trim().toLowerCase();
  if (needle === '' && only === null) return services;
  return services.filter((one) => one.name.toLowerCase().includes(needle) && (only === null || one.name === only));
}

/** From here on errors are a state of their own. */
export const ERRORS_WARN = 0.01;
export const ERRORS_BAD = 0.05;

export function errorLevel(share: number | null): 'none' | 'some' | 'warn' | 'bad' {
  if (share === null || share === 0) return 'none';
  if (share >= ERRORS_BAD) return 'bad';
  return share >= ERRORS_WARN ? 'warn' : 'some';
}
