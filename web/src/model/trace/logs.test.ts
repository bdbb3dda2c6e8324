import { expect, it } from 'vitest';
import type { WireLog } from '@/api/events';
import { node, trace } from './fixtures';
import { levelOf, readLogs } from './logs';

const line = (time: string, span: string | null, severity = 9): WireLog => ({
  id: '',
  kind: 'log',
  time: `2026-11-20T12:00:00.${time}Z`,
  severity,
  body: time,
  span_id: span,
});

it('gives each line to its span, in the order of time', () => {
  const found = trace([node('a: root', 0, 100, { span_id: 'aa' })]);
  const byId = new Map([['aa', 0]]);
  const logs = readLogs([line('050', 'aa', 17), line('010', 'aa'), line('020', 'zz'), line('030', null)], found, byId);
  expect(logs.lines.map((one) => one.at)).toEqual([10e6, 20e6, 30e6, 50e6]);
  expect(logs.bySpan.get(0)).toEqual([0, 3]);
  expect(logs.bySpan.get(-1)).toEqual([1, 2]);
  expect(logs.lines[3]?.level).toBe('error');
});

it('knows the levels', () => {
  expect([0, 1, 5, 9, 12, 13, 16, 17, 24].map(levelOf)).toEqual([
    'info',
    'debug',
    'debug',
    'info',
    'info',
    'warn',
    'warn',
    'error',
    'error',
  ]);
});
