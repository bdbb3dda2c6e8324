// What goes wrong in a service: its errors by their type, each with the latest of them.
import type { WireGroups, WireLog } from '@/api/events';

export interface Failure {
  /** `PaymentDeclinedError`; empty when it has none. */
  type: string;
  count: number;
  /** Milliseconds since 1970. */
  last: number;
  /** Of the latest; empty when it is not among the latest of all. */
  message: string;
  traceId: string | null;
  spanId: string | null;
}

/** What `readFailures` reads. */
export const FAILURE_GROUPS = { by: ['event_name'], agg: ['count', 'max(time)'], limit: 20 };

export function readFailures(groups: WireGroups | undefined, latest: readonly WireLog[]): Failure[] {
  const examples = new Map<string, WireLog>();
  for (const one of latest) {
    const type = one.event_name ?? '';
    if (!examples.has(type)) examples.set(type, one);
  }
  return (groups?.rows ?? []).map((row) => {
    const type = typeof row[0] === 'string' ? row[0] : '';
    const example = examples.get(type);
    return {
      type,
      count: Number(row[1] ?? 0),
      last: typeof row[2] === 'number' ? row[2] / 1e6 : Date.parse(String(row[2] ?? '')),
      message: example?.body ?? '',
      traceId: orNull(example?.trace_id),
      spanId: orNull(example?.span_id),
    };
  });
}

const orNull = (id: string | null | undefined): string | null => (id === undefined || id === '' ? null : id);
