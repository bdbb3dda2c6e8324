// Traces' part of the address: `?q=status:error&service=cart&min=500ms&order=slowest`.
import type { TraceOrder } from '@/api/traces';
import type { TraceFilter } from '@/model/trace/query';

export interface TracesState extends TraceFilter {
  limit: number;
  order: TraceOrder;
}

export const LIMITS = [20, 50, 100, 200, 500];
const LIMIT = 50;
const KEYS = ['q', 'operation', 'errors', 'own', 'min', 'max', 'limit', 'order'];

export function cleanTraces(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] => KEYS.includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}

export function decodeTraces(search: Record<string, string>): TracesState {
  return {
    q: search['q'] ?? '',
    service: orNull(search['service']),
    operation: orNull(search['operation']),
    errors: search['errors'] === '1',
    own: search['own'] === '1',
    min: search['min'] ?? '',
    max: search['max'] ?? '',
    limit: LIMITS.find((limit) => String(limit) === search['limit']) ?? LIMIT,
    order: search['order'] === 'slowest' ? 'slowest' : 'recent',
  };
}

export function encodeTraces(state: TracesState): Record<string, string> {
  return {
    q: state.q,
    service: state.service ?? '',
    operation: state.operation ?? '',
    errors: state.errors ? '1' : '',
    own: state.own ? '1' : '',
    min: state.min,
    max: state.max,
    limit: state.limit === LIMIT ? '' : String(state.limit),
    order: state.order === 'recent' ? '' : state.order,
  };
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
