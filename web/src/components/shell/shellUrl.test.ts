import { expect, it } from 'vitest';
import { decodeShell, keepShell, keepTime, withService } from './shellUrl';

it('takes what it knows and nothing else', () => {
  expect(decodeShell({ from: 'now-1h', to: 'now', refresh: '15s', a: 'up' })).toEqual({
    from: 'now-1h',
    to: 'now',
    refresh: '15s',
  });
  expect(decodeShell({ from: 5, refresh: '1ms', service: '' })).toEqual({});
});

it('takes time and service along, and leaves the page’s own', () => {
  expect(keepShell({ from: 'now-6h', service: 'cart', q: 'status:error' })).toEqual({
    from: 'now-6h',
    service: 'cart',
  });
  expect(keepTime({ from: 'now-6h', service: 'cart', q: 'status:error' })).toEqual({ from: 'now-6h' });
});

it('looks at another service without the operation of the one before', () => {
  const search = { q: 'a', operation: 'GET /', service: 'cart' };
  expect(withService(search, 'pay')).toEqual({ q: 'a', service: 'pay' });
  expect(withService(search, null)).toEqual({ q: 'a', service: '' });
});
