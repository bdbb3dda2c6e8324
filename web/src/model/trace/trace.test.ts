import { describe, expect, it } from 'vitest';
import { client, failed, largeTrace, node, server, trace, wireTrace } from './fixtures';
import { buildTrace, subtree, titleOf, type Span, type Trace } from './trace';

const names = (from: Trace): string[] => from.spans.map((span) => span.name);

describe('a whole trace', () => {
  const found = trace([
    node('shop: GET /', 0, 100, server(), [
      node('shop: late', 50, 90, {}, [node('db: select', 60, 80, failed())]),
      node('shop: early', 10, 30),
    ]),
  ]);

  it('walks in the order of the starts', () => {
    expect(names(found)).toEqual(['GET /', 'early', 'late', 'select']);
    expect(found.spans.map((span) => span.depth)).toEqual([0, 1, 1, 2]);
    expect(found.spans.map((span) => span.last)).toEqual([3, 1, 3, 3]);
    expect(found.spans[0]?.children).toEqual([1, 2]);
    expect(subtree(found, 2).map((span) => span.name)).toEqual(['late', 'select']);
  });

  it('knows its numbers', () => {
    expect(found.duration).toBe(100e6);
    expect(found.errors).toBe(1);
    expect(found.depth).toBe(3);
    expect(found.root && titleOf(found.root)).toBe('shop: GET /');
    expect(found.services).toEqual([
      { name: 'shop', spans: 3, errors: 0 },
      { name: 'db', spans: 1, errors: 1 },
    ]);
    expect(found.faults).toMatchObject({ orphans: [], duplicates: [], rings: [], timeless: [], isTruncated: false });
  });
});

it('keeps spans whose parent is missing, and says so', () => {
  const found = trace([
    node('a: root', 10, 20),
    node('b: lost', 0, 5, { parent_span_id: 'ffffffffffffffff' }, [node('b: child', 1, 2)]),
  ]);
  expect(names(found)).toEqual(['lost', 'child', 'root']);
  expect(found.faults.orphans).toEqual([0]);
  expect(found.root?.name).toBe('root');
});

it('has no root when that was not sent', () => {
  const found = trace([node('b: lost', 0, 5, { parent_span_id: 'ffffffffffffffff' })]);
  expect(found.root).toBeUndefined();
  expect(found.roots).toEqual([0]);
});

it('takes zeros for no parent', () => {
  const found = trace([node('a: root', 0, 1, { parent_span_id: '0000000000000000' })]);
  expect(found.root?.name).toBe('root');
  expect(found.faults.orphans).toEqual([]);
});

it('names ids that come twice and keeps both', () => {
  const found = trace([
    node('a: root', 0, 10, {}, [node('a: one', 1, 2, { span_id: 'aa' }), node('a: two', 3, 4, { span_id: 'aa' })]),
  ]);
  expect(names(found)).toEqual(['root', 'one', 'two']);
  expect(found.faults.duplicates).toEqual([2]);
  expect(found.spans.map((span) => span.key)).toEqual(['0000000000000001', 'aa', 'aa~2']);
});

it('takes two sides of a call with one id for a pair', () => {
  const wire = wireTrace([
    node('a: call', 0, 10, client({ span_id: 'cc' })),
    node('b: serve', 1, 9, server({ span_id: 'cc' })),
    node('b: work', 2, 8, { parent_span_id: 'cc' }),
  ]);
  const found = buildTrace(wire);
  expect(names(found)).toEqual(['call', 'serve', 'work']);
  expect(found.spans.map((span) => span.parent)).toEqual([-1, 0, 1]);
  expect(found.faults.duplicates).toEqual([]);
});

it('opens rings at their earliest', () => {
  const found = trace([
    node('a: second', 5, 6, { span_id: 'b1', parent_span_id: 'b2' }),
    node('a: first', 1, 9, { span_id: 'b2', parent_span_id: 'b1' }),
    node('a: below', 2, 3, { span_id: 'b3', parent_span_id: 'b1' }),
    node('a: self', 0, 1, { span_id: 'b4', parent_span_id: 'b4' }),
  ]);
  expect(found.spans).toHaveLength(4);
  expect(names(found)).toEqual(['self', 'first', 'second', 'below']);
  expect(found.faults.rings).toEqual([1]);
});

it('never corrects clocks', () => {
  const found = trace([node('a: call', 10, 20, client(), [node('b: serve', 4, 26, server())])]);
  expect(found.spans.map((span) => [span.start, span.end])).toEqual([
    [6e6, 16e6],
    [0, 22e6],
  ]);
});

it('places what has no readable time at the start', () => {
  const found = trace([node('a: root', 0, 10, {}, [node('a: odd', 0, 1, { time: 'yesterday' })])]);
  expect(found.faults.timeless).toEqual([1]);
  expect(found.spans[1]?.start).toBe(0);
});

it('has no spans without spans', () => {
  const found = trace([], { warnings: ['cut'], truncated: true });
  expect(found).toMatchObject({ duration: 0, depth: 0, roots: [], services: [] });
  expect(found.faults).toMatchObject({ isTruncated: true, warnings: ['cut'] });
});

it('holds fifty thousand spans, and as many levels', () => {
  const found = buildTrace(largeTrace(50_000));
  expect(found.spans).toHaveLength(50_000);
  const isWrong = (span: Span): boolean =>
    span.parent >= span.index ||
    span.last < span.index ||
    span.children.some((child) => found.spans[child]?.parent !== span.index);
  expect(found.spans.filter(isWrong)).toEqual([]);
  const chain = wireTrace([]);
  for (let i = 0; i < 50_000; i++) {
    const one = node('a: deep', 0, 1).span;
    chain.spans.push({ ...one, span_id: `s${i}`, parent_span_id: i === 0 ? null : `s${i - 1}` });
  }
  expect(buildTrace(chain).depth).toBe(50_000);
  // No bar: a busy machine may take its time.
}, 60_000);
