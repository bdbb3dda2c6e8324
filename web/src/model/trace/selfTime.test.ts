import { expect, it } from 'vitest';
import { largeTrace, node, trace } from './fixtures';
import { selfPieces, selfTimes } from './selfTime';
import { buildTrace, type Span } from './trace';

const MS = 1e6;
const at = (found: ReturnType<typeof trace>, index: number): Span => found.spans[index] as Span;

it('leaves out what children do', () => {
  const found = trace([node('a: root', 0, 100, {}, [node('a: one', 10, 30), node('a: two', 50, 60)])]);
  expect([...selfTimes(found)]).toEqual([70 * MS, 20 * MS, 10 * MS]);
  expect(selfPieces(found, at(found, 0))).toEqual([
    { from: 0, to: 10 * MS },
    { from: 30 * MS, to: 50 * MS },
    { from: 60 * MS, to: 100 * MS },
  ]);
});

it('counts children side by side once, one within another too', () => {
  const found = trace([
    node('a: root', 0, 100, {}, [node('a: long', 10, 60), node('a: within', 20, 30), node('a: over', 50, 80)]),
  ]);
  expect(selfTimes(found)[0]).toBe(30 * MS);
  expect(selfPieces(found, at(found, 0))).toEqual([
    { from: 0, to: 10 * MS },
    { from: 80 * MS, to: 100 * MS },
  ]);
});

it('counts children only while their parent runs', () => {
  const found = trace([
    node('a: root', 10, 20, {}, [node('b: before', 0, 12), node('b: after', 18, 40), node('b: later', 30, 31)]),
  ]);
  expect(found.spans[0]?.name).toBe('root');
  expect(selfTimes(found)[0]).toBe(6 * MS);
  expect(selfPieces(found, at(found, 0))).toHaveLength(1);
});

it('is never negative, and the pieces add up to it', () => {
  const found = buildTrace(largeTrace(2000, 7));
  const times = selfTimes(found);
  for (const span of found.spans) {
    const pieces = selfPieces(found, span).reduce((sum, piece) => sum + piece.to - piece.from, 0);
    expect(times[span.index]).toBeGreaterThanOrEqual(0);
    expect(Math.abs((times[span.index] ?? 0) - pieces)).toBeLessThan(1);
  }
});
