import { expect, it } from 'vitest';
import type { WireTraceSummary } from '@/api/traces';
import { dotAt, dotsOf, plotRange, radiusOf, readSummary, sortSummaries } from './summary';

const wire = (id: string, more: Partial<WireTraceSummary> = {}): WireTraceSummary => ({
  trace_id: id,
  start: '2026-11-20T12:00:00.5Z',
  duration_ns: 5e6,
  root: { service: 'shop', name: 'GET /' },
  spans: 4,
  errors: 0,
  services: [
    { name: 'db', spans: 1, errors: 0 },
    { name: 'shop', spans: 3, errors: 0 },
  ],
  matched: 1,
  complete: true,
  ...more,
});

it('reads', () => {
  expect(readSummary(wire('a'))).toMatchObject({
    at: Date.UTC(2026, 10, 20, 12, 0, 0, 500),
    service: 'shop',
    name: 'GET /',
  });
  expect(readSummary(wire('a')).services[0]?.name).toBe('shop');
  expect(readSummary(wire('a', { root: null }))).toMatchObject({ hasRoot: false, service: 'db' });
  expect(readSummary(wire('a', { root: null, services: [] })).service).toBe('unknown');
});

it('sorts', () => {
  const all = [wire('a'), wire('b', { start: '2026-11-20T12:00:09Z', duration_ns: 1 }), wire('c')].map(readSummary);
  expect(sortSummaries(all, 'recent').map((one) => one.id)).toEqual(['b', 'a', 'c']);
  expect(sortSummaries(all, 'slowest').map((one) => one.id)).toEqual(['a', 'c', 'b']);
});

it('draws by time, duration and size', () => {
  const from = Date.UTC(2026, 10, 20, 12);
  const plot = { width: 100, height: 50, from, to: from + 1000, place: () => 0.5 };
  const dots = dotsOf(
    [wire('bad', { errors: 1, spans: 9 }), wire('small'), wire('large', { spans: 100 })].map(readSummary),
    plot,
  );
  expect(dots.map((dot) => dot.summary.id)).toEqual(['large', 'small', 'bad']);
  expect(dots[0]).toMatchObject({ x: 50, y: 25, radius: 11 });
  expect(radiusOf(1, 1)).toBe(3);
});

it('is pointed at', () => {
  const dot = (x: number, id: string) => ({ summary: readSummary(wire(id)), x, y: 10, radius: 3 });
  const dots = [dot(10, 'a'), dot(20, 'b'), dot(20, 'c')];
  expect(dotAt(dots, 11, 10)?.summary.id).toBe('a');
  expect(dotAt(dots, 20, 10)?.summary.id).toBe('c');
  expect(dotAt(dots, 60, 10)).toBeNull();
});

it('has smaller dots when there are many', () => {
  expect(radiusOf(100, 100, 50)).toBe(11);
  expect(radiusOf(100, 100, 200)).toBe(5.5);
  expect(radiusOf(100, 100, 5000)).toBe(5);
});

it('spans what is known', () => {
  const noon = Date.UTC(2026, 10, 20, 12);
  const range = { from: noon - 3_600_000, to: noon + 60_000 };
  const all = [wire('a'), wire('b', { start: '2026-11-20T12:00:10Z' })].map(readSummary);
  expect(plotRange(all, range, false)).toEqual(range);
  expect(plotRange([], range, true)).toEqual(range);
  const start = all[0]?.at ?? 0;
  const last = all[1]?.at ?? 0;
  // The larger part is before them, where others are.
  const span = last - start;
  expect(plotRange(all, range, true)).toEqual({ from: start - span * 0.14, to: last + span * 0.04 });
  expect(plotRange(all.slice(1), range, true)).toEqual({ from: last - 1140, to: last + 40 });
});
