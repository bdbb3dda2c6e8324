import { expect, it } from 'vitest';
import type { WireLog } from '@/api/events';
import { readFailures } from './failure';

const error = (event_name: string, body: string, trace_id: string | null): WireLog => ({
  id: body,
  kind: 'error',
  time: '2026-11-20T12:00:00Z',
  severity: 17,
  event_name,
  body,
  trace_id,
});

it('has the latest of each type', () => {
  const groups = {
    columns: [],
    rows: [
      ['Declined', 7, '2026-11-20T12:00:00Z'],
      ['Timeout', 2, 1.5e18],
      [null, 1, null],
    ],
  };
  const latest = [error('Declined', 'order 2', 'ab'), error('Declined', 'order 1', 'cd')];
  const [declined, timeout, nameless] = readFailures(groups, latest);
  const noon = Date.UTC(2026, 10, 20, 12);
  expect(declined).toEqual({
    type: 'Declined',
    count: 7,
    last: noon,
    message: 'order 2',
    traceId: 'ab',
    spanId: null,
  });
  expect(timeout).toMatchObject({ last: 1.5e12, message: '', traceId: null });
  expect(nameless?.type).toBe('');
  expect(nameless?.last).toBeNaN();
});

it('is empty while nothing is known', () => {
  expect(readFailures(undefined, [])).toEqual([]);
});
