// What came by which door, in words.
import type { WireReceiver } from '@/api/receivers';

const DOORS: Record<string, string> = {
  own: 'Pharos itself',
  otlp_grpc: 'OTLP over gRPC',
  otlp_http: 'OTLP over HTTP',
  prometheus_otlp: 'OTLP, at Prometheus’s address',
  zipkin: 'Zipkin',
  jaeger: 'Jaeger',
};

const REASONS: Record<string, string> = {
  malformed: 'could not be read',
  too_large: 'too large',
  busy: 'no room for now: the sender was told to come back',
  failed: 'the store failed',
  too_old: 'too old',
  too_new: 'ahead of the clock',
  no_time: 'without a time',
  invalid: 'not valid',
  out_of_order: 'out of order',
  duplicate: 'another value is there at that time',
  invalid_name: 'a name that cannot be one',
  invalid_histogram: 'a histogram that contradicts itself',
  unsupported: 'of a kind that has no meaning here',
  limit: 'over a limit',
};

export const doorName = (receiver: string): string => DOORS[receiver] ?? receiver;
export const reasonName = (reason: string): string => REASONS[reason] ?? reason.replaceAll('_', ' ');

/** What one of a signal is called, in the plural. */
export function itemsOf(signal: string): string {
  return { traces: 'spans', logs: 'log records', metrics: 'data points' }[signal] ?? signal;
}

/** Of items, the share that was turned away. */
export function refusedShare(row: WireReceiver): number {
  const all = row.accepted + row.rejected;
  return all === 0 ? 0 : row.rejected / all;
}

/** What needs a look comes first: then the busiest. */
export function sortReceivers(rows: readonly WireReceiver[]): WireReceiver[] {
  const troubled = (row: WireReceiver): number => Number(row.rejected > 0 || row.requests_refused > 0);
  return [...rows].sort(
    (a, b) =>
      troubled(b) - troubled(a) ||
      b.accepted - a.accepted ||
      `${a.receiver} ${a.signal}`.localeCompare(`${b.receiver} ${b.signal}`),
  );
}
