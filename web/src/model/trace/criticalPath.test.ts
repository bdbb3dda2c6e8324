import { expect, it } from 'vitest';
import { criticalPath, piecesBySpan } from './criticalPath';
import { largeTrace, node, trace } from './fixtures';
import { buildTrace, type Trace } from './trace';

const told = (found: Trace): string[] =>
  criticalPath(found).map(({ span, from, to }) => `${found.spans[span]?.name} ${from / 1e6}-${to / 1e6}`);

it('is all of a single span', () => {
  expect(told(trace([node('a: root', 0, 10)]))).toEqual(['root 0-10']);
  expect(criticalPath(trace([]))).toEqual([]);
});

it('goes through children one after the other', () => {
  const found = trace([node('a: root', 0, 100, {}, [node('a: one', 10, 40), node('a: two', 50, 90)])]);
  expect(told(found)).toEqual(['root 0-10', 'one 10-40', 'root 40-50', 'two 50-90', 'root 90-100']);
});

it('takes the slowest of those side by side', () => {
  const found = trace([node('a: root', 0, 100, {}, [node('a: fast', 10, 40), node('a: slow', 10, 90)])]);
  expect(told(found)).toEqual(['root 0-10', 'slow 10-90', 'root 90-100']);
});

it('goes down to what was waited for', () => {
  const found = trace([
    node('a: root', 0, 100, {}, [
      node('a: call', 20, 80, {}, [node('b: serve', 30, 70, {}, [node('b: query', 40, 60)])]),
    ]),
  ]);
  expect(told(found)).toEqual([
    'root 0-20',
    'call 20-30',
    'serve 30-40',
    'query 40-60',
    'serve 60-70',
    'call 70-80',
    'root 80-100',
  ]);
});

it('leaves out work that nobody waited for', () => {
  const found = trace([
    node('a: root', 0, 100, {}, [node('a: work', 10, 50), node('b: async', 120, 300), node('b: outlives', 60, 200)]),
  ]);
  expect(told(found)).toEqual(['root 0-10', 'work 10-50', 'root 50-60', 'outlives 60-100']);
});

it('stays within the root when clocks are apart', () => {
  const found = trace([node('a: root', 50, 100, {}, [node('b: early', 30, 70, {}, [node('b: below', 20, 60)])])]);
  expect(told(found)).toEqual(['below 30-40', 'early 40-50', 'root 50-80']);
});

it('fills the root without a gap, in order', () => {
  for (const seed of [1, 2, 3]) {
    const found = buildTrace(largeTrace(3000, seed));
    const path = criticalPath(found);
    expect(path[0]?.from).toBe(found.root?.start);
    expect(path.at(-1)?.to).toBe(found.root?.end);
    path.slice(1).forEach((piece, index) => expect(piece.from).toBe(path[index]?.to));
    const bySpan = piecesBySpan(path);
    expect([...bySpan.values()].flat()).toHaveLength(path.length);
  }
});
