import { describe, expect, it } from 'vitest';
import { largeTrace, node, trace } from './fixtures';
import {
  foldAll,
  foldBelow,
  foldLevel,
  indentOf,
  reveal,
  rowOfSpan,
  rowsOf,
  scrollFor,
  setSubtree,
  toggleFold,
  windowOf,
  type Row,
} from './rows';
import { buildTrace } from './trace';

// 0 root, 1 a, 2 a1, 3 a11, 4 b, 5 b1
const found = trace([
  node('s: root', 0, 100, {}, [
    node('s: a', 0, 40, {}, [node('s: a1', 0, 30, {}, [node('s: a11', 0, 20)])]),
    node('s: b', 50, 90, {}, [node('s: b1', 60, 70)]),
  ]),
]);
const none = new Set<number>();
const spansOf = (rows: readonly Row[]): number[] => rows.map((row) => row.span);

describe('folding', () => {
  it('hides what is below', () => {
    expect(spansOf(rowsOf(found, none))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(spansOf(rowsOf(found, new Set([1])))).toEqual([0, 1, 4, 5]);
    expect(spansOf(rowsOf(found, new Set([1, 2, 4])))).toEqual([0, 1, 4]);
    expect(spansOf(rowsOf(found, foldAll(found)))).toEqual([0]);
  });

  it('goes by levels', () => {
    expect(spansOf(rowsOf(found, foldBelow(found, 1)))).toEqual([0, 1, 4]);
    const two = foldLevel(found, foldBelow(found, 1), 1);
    expect(spansOf(rowsOf(found, two))).toEqual([0, 1, 2, 4, 5]);
    expect(spansOf(rowsOf(found, foldLevel(found, two, -1)))).toEqual([0, 1, 4]);
    expect(spansOf(rowsOf(found, foldLevel(found, foldAll(found), -1)))).toEqual([0]);
    expect(spansOf(rowsOf(found, foldLevel(found, none, 1)))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('goes by subtrees', () => {
    const folded = setSubtree(found, none, 1, true);
    expect([...folded]).toEqual([1, 2]);
    expect([...setSubtree(found, folded, 1, false)]).toEqual([]);
    expect([...toggleFold(toggleFold(none, 4), 4)]).toEqual([]);
  });

  it('opens what hides a span, and nothing else', () => {
    const folded = foldAll(found);
    expect([...reveal(found, folded, 3)].sort()).toEqual([4]);
    expect(reveal(found, none, 3)).toBe(none);
  });
});

it('puts log lines below their span, also of a folded one', () => {
  const logs = new Map([
    [1, [7, 9]],
    [2, [8]],
  ]);
  const rows = rowsOf(found, new Set([1]), logs);
  expect(rows.slice(1, 4)).toEqual([
    { kind: 'span', span: 1 },
    { kind: 'log', span: 1, log: 7 },
    { kind: 'log', span: 1, log: 9 },
  ]);
  expect(spansOf(rows)).toEqual([0, 1, 1, 1, 4, 5]);
  expect(rowOfSpan(rows, 1)).toBe(1);
  expect(rowOfSpan(rows, 3)).toBe(1);
  expect(rowOfSpan(rows, 4)).toBe(4);
  expect(rowOfSpan([], 4)).toBe(-1);
});

describe('the window', () => {
  const big = buildTrace(largeTrace(50_000));
  const rows = rowsOf(big, none);
  const ROW = 28;

  it('has every span once', () => {
    expect(rows).toHaveLength(50_000);
    expect(rows.every((row, index) => row.span === index)).toBe(true);
  });

  it('holds all that is seen, and little more, wherever it is', () => {
    for (const top of [0, 13, 28, 699_999, 50_000 * ROW - 800]) {
      const { from, to } = windowOf(top, 800, ROW, rows.length, 10);
      expect(from * ROW).toBeLessThanOrEqual(top);
      expect(Math.min(to, 50_000) * ROW).toBeGreaterThanOrEqual(Math.min(top + 800, 50_000 * ROW));
      expect(to - from).toBeLessThanOrEqual(Math.ceil(800 / ROW) + 21);
    }
  });

  it('stays within the rows', () => {
    expect(windowOf(-50, 100, 10, 5, 2)).toEqual({ from: 0, to: 5 });
    expect(windowOf(10_000, 100, 10, 5, 2)).toEqual({ from: 5, to: 5 });
    expect(windowOf(0, 0, 10, 0, 2)).toEqual({ from: 0, to: 0 });
  });

  it('finds the row of a span among folded ones', () => {
    const folded = foldBelow(big, 3);
    const shown = rowsOf(big, folded);
    expect(shown.length).toBeLessThan(rows.length);
    for (const span of [0, 1, 777, 49_999]) {
      const row = shown[rowOfSpan(shown, span)];
      expect(row?.span).toBeLessThanOrEqual(span);
      expect(big.spans[row?.span ?? 0]?.last).toBeGreaterThanOrEqual(span);
    }
  });
});

it('indents the first levels alike, and the rest within the width', () => {
  expect([0, 1, 2].map((depth) => indentOf(depth, 500))).toEqual([0, 12, 24]);
  expect(indentOf(16, 17)).toBe(16 * 12);
  expect(indentOf(533, 534)).toBeLessThanOrEqual(14 * 12 + 60);
  expect(indentOf(300, 534)).toBeGreaterThan(indentOf(200, 534));
});

it('scrolls only as far as needed', () => {
  expect(scrollFor(10, 20, 0, 400)).toBe(0);
  expect(scrollFor(0, 20, 300, 400)).toBe(0);
  expect(scrollFor(14, 20, 300, 400)).toBe(240);
  expect(scrollFor(20, 20, 0, 400)).toBe(60);
  expect(scrollFor(5, 20, 900, 300)).toBe(0);
  expect(scrollFor(50, 20, 0, 300)).toBe(900);
  expect(scrollFor(3, 20, 0, 10)).toBe(70);
});
