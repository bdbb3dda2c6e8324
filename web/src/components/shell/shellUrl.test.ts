import { expect, it } from 'vitest';
import { decodeShell } from './shellUrl';

it('takes what it knows and nothing else', () => {
  expect(decodeShell({ from: 'now-1h', to: 'now', refresh: '15s', a: 'up' })).toEqual({
    from: 'now-1h',
    to: 'now',
    refresh: '15s',
  });
  expect(decodeShell({ from: 5, refresh: '1ms' })).toEqual({});
});
