import { expect, it } from 'vitest';
import type { WireReceiver } from '@/api/receivers';
import { doorName, itemsOf, reasonName, refusedShare, sortReceivers } from './receiver';

const row = (receiver: string, accepted: number, rejected: number, refused = 0): WireReceiver => ({
  receiver,
  signal: 'logs',
  requests: 1,
  requests_refused: refused,
  bytes: 1,
  accepted,
  rejected,
  last: '2026-01-01T00:00:00.000Z',
  refusals: [],
});

it('speaks in words, also of what it does not know', () => {
  expect(doorName('otlp_http')).toBe('OTLP over HTTP');
  expect(doorName('syslog')).toBe('syslog');
  expect(reasonName('too_old')).toBe('too old');
  expect(reasonName('bad_hair_day')).toBe('bad hair day');
  expect(itemsOf('traces')).toBe('spans');
});

it('tells the share that was turned away', () => {
  expect(refusedShare(row('a', 3, 1))).toBe(0.25);
  expect(refusedShare(row('a', 0, 0))).toBe(0);
});

it('puts first what needs a look', () => {
  const rows = [row('busy', 100, 0), row('bad', 1, 1), row('shut', 0, 0, 3), row('quiet', 1, 0)];
  expect(sortReceivers(rows).map((one) => one.receiver)).toEqual(['bad', 'shut', 'busy', 'quiet']);
});
