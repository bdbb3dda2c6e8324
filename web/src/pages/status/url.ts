// Status's part of the address: `?view=flags&find=retention`.

export const STATUS_VIEWS = ['overview', 'cardinality', 'storage', 'flags', 'configuration'] as const;
export type StatusView = (typeof STATUS_VIEWS)[number];

export interface StatusState {
  view: StatusView;
  find: string;
}

export function cleanStatus(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] => ['view', 'find'].includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

export function decodeStatus(search: Record<string, string>): StatusState {
  return { view: STATUS_VIEWS.find((view) => view === search['view']) ?? 'overview', find: search['find'] ?? '' };
}

export function encodeStatus(state: StatusState): Record<string, string> {
  return { view: state.view === 'overview' ? '' : state.view, find: state.find };
}
