// Targets' part of the address: `?state=down&pool=node&find=10.0&view=dropped`.
import type { Health } from '@/api/targets';

export type TargetsView = 'active' | 'dropped';

export interface TargetsState {
  view: TargetsView;
  state: Health | null;
  pool: string | null;
  find: string;
}

const STATES: Health[] = ['up', 'down', 'unknown'];

export function cleanTargets(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] =>
        ['view', 'state', 'pool', 'find'].includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

export function decodeTargets(search: Record<string, string>): TargetsState {
  return {
    view: search['view'] === 'dropped' ? 'dropped' : 'active',
    state: STATES.find((state) => state === search['state']) ?? null,
    pool: search['pool'] === undefined || search['pool'] === '' ? null : search['pool'],
    find: search['find'] ?? '',
  };
}

export function encodeTargets(state: TargetsState): Record<string, string> {
  return {
    view: state.view === 'active' ? '' : state.view,
    state: state.state ?? '',
    pool: state.pool ?? '',
    find: state.find,
  };
}
