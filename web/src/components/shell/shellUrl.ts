// The part of the address that every page shares.

export interface ShellSearch {
  from?: string;
  to?: string;
  refresh?: string;
  /** What is looked at is of this service alone. */
  service?: string;
}

export const REFRESH_CHOICES = ['5s', '10s', '15s', '30s', '1m', '5m'];

export function decodeShell(search: Record<string, unknown>): ShellSearch {
  const out: ShellSearch = {};
  if (typeof search['from'] === 'string') out.from = search['from'];
  if (typeof search['to'] === 'string') out.to = search['to'];
  const refresh = search['refresh'];
  if (typeof refresh === 'string' && REFRESH_CHOICES.includes(refresh)) out.refresh = refresh;
  const service = search['service'];
  if (typeof service === 'string' && service !== '') out.service = service;
  return out;
}

/** The time range and the service travel along; what belongs to a page stays there. */
export function keepShell(search: object): Record<string, string> {
  return { ...decodeShell(search as Record<string, unknown>) };
}

/** Of these the time alone: where another service may be meant. */
export function keepTime(search: object): Record<string, string> {
  const { from, to, refresh } = decodeShell(search as Record<string, unknown>);
  const time = { from, to, refresh };
  return Object.fromEntries(Object.entries(time).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Means nothing with another service. */
const OF_SERVICE = ['operation', 'focus'];

/** The same view of another service, or of all for null. */
export function withService(search: object, service: string | null): Record<string, string> {
  const rest = Object.entries(search).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && !OF_SERVICE.includes(entry[0]),
  );
  return { ...Object.fromEntries(rest), service: service ?? '' };
}
