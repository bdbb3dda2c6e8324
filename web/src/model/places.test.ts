import { expect, it } from 'vitest';
import { isTimed } from './places';

it('knows which pages depend on the time range', () => {
  for (const path of [
    '/explore/metrics',
    '/logs',
    '/traces',
    '/services',
    '/services/cart',
    '/map',
    '/pipeline/targets',
  ])
    expect(isTimed(path), path).toBe(true);
  for (const path of ['/traces/0af7651916cd43dd8448eb211c80319c', '/pipeline/receivers', '/settings/status', '/none'])
    expect(isTimed(path), path).toBe(false);
});
