import { expect, it } from 'vitest';
import { backToList, rememberList } from './lastList';

it('leads back to what was looked at, at the time that is looked at now', () => {
  expect(backToList({ from: 'now-1h', span: 'ab' })).toEqual({ from: 'now-1h' });
  rememberList({ q: 'status:error', service: 'cart', from: 'now-1h' });
  expect(backToList({ from: 'now-6h', span: 'ab' })).toEqual({ q: 'status:error', service: 'cart', from: 'now-6h' });
});
