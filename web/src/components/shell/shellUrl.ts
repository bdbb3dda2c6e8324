// The part of the address that every page shares.

export interface ShellSearch {
  from?: string;
  to?: string;
  refresh?: string;
}

export const REFRESH_CHOICES = ['5s', '10s', '15s', '30s', '1m', '5m'];

export function decodeShell(search: Record<string, unknown>): ShellSearch {
  const out: ShellSearch = {};
  if (typeof search['from'] === 'string') out.from = search['from'];
  if (typeof search['to'] === 'string') out.to = search['to'];
  const refresh = search['refresh'];
  if (typeof refresh === 'string' && REFRESH_CHOICES.includes(refresh)) out.refresh = refresh;
  return out;
}

/** The time range travels along; what belongs to a page stays there. */
export function keepShell(search: object): Record<string, string> {
  return { ...decodeShell(search as Record<string, unknown>) };
}
