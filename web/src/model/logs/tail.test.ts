import { expect, it } from 'vitest';
import type { WireLog } from '@/api/events';
import { EMPTY_TAIL, nextTail, TAIL_LINES_MAX, tailRate, type Tail } from './tail';

const log = (id: number): WireLog => ({
  id: `l${id}`,
  kind: 'log',
  time: new Date(Date.UTC(2026, 0, 1) + id).toISOString(),
  severity: 9,
  body: `line ${id}`,
});
const came = (tail: Tail, ids: number[], now = 0): Tail =>
  nextTail(tail, { kind: 'events', events: ids.map(log), now });
const ids = (lines: Tail['lines']): string[] => lines.map((line) => line.id);

it('shows the newest first, each once', () => {
  const tail = came(came(EMPTY_TAIL, [1, 2]), [3, 2]);
  expect(ids(tail.lines)).toEqual(['l3', 'l2', 'l1']);
});

it('lets lines wait while paused, and shows them after', () => {
  const paused = came(nextTail(came(EMPTY_TAIL, [1]), { kind: 'pause' }), [2, 3]);
  expect([ids(paused.lines), ids(paused.waiting)]).toEqual([['l1'], ['l3', 'l2']]);
  const on = nextTail(paused, { kind: 'resume' });
  expect([ids(on.lines), on.waiting.length, on.isPaused]).toEqual([['l3', 'l2', 'l1'], 0, false]);
});

it('keeps no more than fits, and says what was not seen', () => {
  const many = Array.from({ length: TAIL_LINES_MAX + 10 }, (_, index) => index);
  expect(came(EMPTY_TAIL, many).lines).toHaveLength(TAIL_LINES_MAX);
  expect(came(EMPTY_TAIL, many).lines[0]?.id).toBe(`l${TAIL_LINES_MAX + 9}`);
  const paused = came(nextTail(EMPTY_TAIL, { kind: 'pause' }), many);
  expect([paused.waiting.length, paused.dropped]).toEqual([TAIL_LINES_MAX, 10]);
  expect(nextTail(paused, { kind: 'dropped', count: 5 }).dropped).toBe(15);
});

it('tells how fast lines come', () => {
  const tail = came(came(EMPTY_TAIL, [1, 2, 3], 1000), [4, 5], 9000);
  expect(tailRate(tail, 5000)).toBe(1.25);
  expect(tailRate(tail, 11_000 - 1)).toBeCloseTo(0.5);
  expect(tailRate(tail, 12_000)).toBe(0.2);
  expect(tailRate(tail, 30_000)).toBe(0);
});
