import { expect, it } from 'vitest';
import { logsOf, mapOf, serviceAt, tracesOf } from './jumps';

const range = { from: 'now-1h', to: 'now' };

it('leads on with the time range', () => {
  expect(tracesOf('cart', range, { operation: 'GET /', errors: true, slowest: true })).toEqual({
    path: '/traces',
    search: { service: 'cart', operation: 'GET /', errors: '1', order: 'slowest', ...range },
  });
  expect(logsOf('my cart', range, 'severity>=error').search).toEqual({
    service: 'my cart',
    q: 'severity>=error',
    ...range,
  });
  expect(mapOf('cart', range).search).toEqual({ service: 'cart', ...range });
  expect(serviceAt('a/b', range).path).toBe('/services/a%2Fb');
});
