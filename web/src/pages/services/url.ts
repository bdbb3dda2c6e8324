// Services' part of the address: `?find=cart&sort=-errors`; of one service: `?sort=-p95`.

export type ServiceSort = 'name' | 'rate' | 'errors' | 'p50' | 'p95' | 'p99' | 'seen';

export interface ServicesState {
  find: string;
  sort: ServiceSort;
  descending: boolean;
}

const KEYS = ['find', 'sort'];
const SORTS: ServiceSort[] = ['name', 'rate', 'errors', 'p50', 'p95', 'p99', 'seen'];
const SORT = '-rate';

export function cleanServices(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] => KEYS.includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

export function decodeServices(search: Record<string, string>): ServicesState {
  const known = SORTS.some((sort) => sort === search['sort']?.replace(/^-/, ''));
  const text = known ? (search['sort'] ?? SORT) : SORT;
  return {
    find: search['find'] ?? '',
    sort: SORTS.find((sort) => sort === text.replace(/^-/, '')) ?? 'rate',
    descending: text.startsWith('-'),
  };
}

export function encodeServices(state: ServicesState): Record<string, string> {
  const sort = `${state.descending ? '-' : ''}${state.sort}`;
  return { find: state.find, sort: sort === SORT ? '' : sort };
}
