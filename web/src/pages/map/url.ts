// The map's part of the address: `?focus=orders-db&view=list&find=pay`.

export type MapView = 'map' | 'list';

export interface MapState {
  view: MapView;
  /** What is no service, whose neighbours alone are shown. A service is the one of the bar above. */
  focus: string | null;
  find: string;
}

const KEYS = ['view', 'focus', 'find'];

export function cleanMap(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] => KEYS.includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

export function decodeMap(search: Record<string, string>): MapState {
  return {
    view: search['view'] === 'list' ? 'list' : 'map',
    focus: search['focus'] === undefined || search['focus'] === '' ? null : search['focus'],
    find: search['find'] ?? '',
  };
}

export function encodeMap(state: MapState): Record<string, string> {
  return { view: state.view === 'map' ? '' : state.view, focus: state.focus ?? '', find: state.find };
}
