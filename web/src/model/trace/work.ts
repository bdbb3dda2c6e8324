// What a span does with its own time: what it waits for, or its own code. Names of OpenTelemetry's semantic
// conventions, the stable ones and those before them.
import type { AttributeValue, WireSpan } from '@/api/events';

export type Work = 'database' | 'http' | 'rpc' | 'queue' | 'own';

export const WORKS: Record<Work, string> = {
  database: 'Database',
  http: 'HTTP calls',
  rpc: 'RPC calls',
  queue: 'Queues',
  own: 'Own code',
};

/** Serving a call is own code, whatever carried the call; waiting for one is not. */
export function workOf(span: WireSpan): Work {
  const has = (...keys: string[]): boolean => keys.some((key) => attribute(span, key) !== undefined);
  const kind = span.span_kind;
  if (kind === 'server' || kind === 'consumer') return 'own';
  if (has('db.system.name', 'db.system', 'db.statement', 'db.query.text')) return 'database';
  if (kind === 'producer' || (kind === 'client' && has('messaging.system', 'messaging.destination.name')))
    return 'queue';
  if (kind !== 'client') return 'own';
  if (has('rpc.system', 'rpc.system.name', 'rpc.service', 'rpc.method')) return 'rpc';
  if (has('http.request.method', 'http.method', 'http.url', 'url.full')) return 'http';
  return 'rpc';
}

export function attribute(span: WireSpan, ...keys: string[]): AttributeValue | undefined {
  for (const key of keys) {
    const value = span.attributes?.[key];
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

/** As text, for what is shown or compared. */
export function attributeText(span: WireSpan, ...keys: string[]): string | undefined {
  const value = attribute(span, ...keys);
  if (value === undefined) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
