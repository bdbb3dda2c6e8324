import { expect, it } from 'vitest';
import type { WireLog } from '@/api/events';
import { prettyJson, printFullTime, printTime, readLine, traceJump } from './line';

const wire = (part: Partial<WireLog>): WireLog => ({
  id: 'l1',
  kind: 'log',
  time: '2026-01-31T14:05:09.123456789Z',
  severity: 17,
  body: 'boom',
  ...part,
});

it('tells times at three lengths', () => {
  const { at } = readLine(wire({}));
  expect(printTime(at, true, false)).toBe('14:05:09.123');
  expect(printTime(at, true, true)).toBe('01-31 14:05:09.123');
  expect(printFullTime(at, true)).toBe('2026-01-31 14:05:09.123456789 UTC');
});

it('shows a message on one line, without colours of terminals', () => {
  expect(readLine(wire({ body: '\u001b[31mboom\u001b[0m\n  at main()\u0007' })).head).toBe('boom at main()');
  // What turns the direction of the rest round is left out; text of another direction stays.
  expect(readLine(wire({ body: '\u202exe.\u202c تم' })).head).toBe('xe. تم');
});

it('tells a record without a message by what it has', () => {
  expect(readLine(wire({ body: '', event_name: 'cart.added' })).head).toBe('cart.added');
  expect(readLine(wire({ body: '', attributes: { a: 1, b: { c: [2] } } })).head).toBe('a=1 b={"c":[2]}');
});

it('lays out JSON and nothing else', () => {
  expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(prettyJson('{not json')).toBeNull();
  expect(prettyJson('12')).toBeNull();
});

it('leads to its trace and span', () => {
  expect(traceJump(wire({}))).toBeNull();
  expect(traceJump(wire({ trace_id: 'ab', span_id: 'cd' }))).toEqual({ path: '/traces/ab', search: { span: 'cd' } });
});
