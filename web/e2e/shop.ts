// What a small shop sends: an order with a query for each item, paid by another service.
import { newTraceId, type SentSpan } from './otlp';

/** A name of its own for each test: the server keeps what the others sent. */
export const unique = (name: string): string => `${name}-${newTraceId().slice(0, 8)}`;

const queries = (service: string): SentSpan[] =>
  Array.from({ length: 12 }, (_, i) => ({
    service,
    name: `SELECT ${i}`,
    from: 20 + i * 10,
    to: 28 + i * 10,
    kind: 'client',
    attributes: { 'db.system': 'postgresql', 'db.statement': `SELECT * FROM items WHERE id = ${i}` },
  }));

export const order = (shop: string, pay: string, error?: string): SentSpan => ({
  service: shop,
  name: 'POST /order',
  from: 0,
  to: 400,
  kind: 'server',
  ...(error === undefined ? {} : { error: 'order failed' }),
  attributes: { 'http.route': '/order' },
  children: [
    { service: shop, name: 'load items', from: 10, to: 150, children: queries(shop) },
    {
      service: shop,
      name: 'charge',
      from: 160,
      to: 380,
      kind: 'client',
      ...(error === undefined ? {} : { error }),
      children: [
        { service: pay, name: 'Charge', from: 165, to: 370, kind: 'server', ...(error === undefined ? {} : { error }) },
      ],
    },
  ],
});
