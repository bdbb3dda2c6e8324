import { expect, it } from 'vitest';
import { failed, largeTrace, node, trace } from './fixtures';
import { above, boxBeside, findNode, flameBoxes, pathTree, type FlameBox, type PathNode } from './pathTree';
import { selfTimes } from './selfTime';
import { buildTrace, type Trace } from './trace';

const MS = 1e6;
const treeOf = (found: Trace): PathNode => pathTree(found, selfTimes(found));

const shop = trace([
  node('shop: GET /', 0, 100, {}, [
    node('db: query', 10, 20),
    node('db: query', 30, 50, failed()),
    node('pay: charge', 60, 90, {}, [node('db: query', 70, 80)]),
  ]),
]);

it('makes one of what has the same path', () => {
  const root = treeOf(shop).children[0] as PathNode;
  expect(root).toMatchObject({ name: 'GET /', count: 1, self: 40 * MS, weight: 100 * MS });
  const [query, charge] = root.children;
  expect(query).toMatchObject({ count: 2, errors: 1, total: 30 * MS, spans: [1, 2] });
  expect(charge?.children[0]).toMatchObject({ name: 'query', count: 1, depth: 2 });
  expect(charge?.children[0]?.key).not.toBe(query?.key);
});

it('lays the boxes out without overlap', () => {
  const boxes = flameBoxes(treeOf(shop));
  expect(boxes.map((box) => `${box.depth} ${box.node.name}`).sort()).toEqual([
    '0 GET /',
    '1 charge',
    '1 query',
    '2 query',
  ]);
  const at = (name: string, depth: number) => boxes.find((box) => box.node.name === name && box.depth === depth);
  expect(at('GET /', 0)).toMatchObject({ from: 0, to: 1 });
  expect(at('query', 1)?.to).toBeCloseTo(0.3);
  expect(at('charge', 1)?.from).toBeCloseTo(0.3);
  expect(at('query', 2)?.from).toBeCloseTo(0.3);
});

it('zooms into a node', () => {
  const tree = treeOf(shop);
  const charge = tree.children[0]?.children[1] as PathNode;
  expect(findNode(tree, charge.key)).toBe(charge);
  expect(findNode(tree, 'nothing')).toBeNull();
  expect(above(charge).map((node) => node.name)).toEqual(['GET /']);
  expect(above(tree)).toEqual([]);
  expect(flameBoxes(charge)[0]).toMatchObject({ node: charge, from: 0, to: 1 });
});

it('is walked through with arrows', () => {
  const boxes = flameBoxes(treeOf(shop));
  const at = (name: string, depth: number) =>
    boxes.find((box) => box.node.name === name && box.depth === depth) as FlameBox;
  const root = at('GET /', 0);
  const first = boxBeside(boxes, root, 'down') as FlameBox;
  expect(first).toMatchObject({ from: 0, depth: 1 });
  expect(boxBeside(boxes, first, 'up')).toBe(root);
  const second = boxBeside(boxes, first, 'right') as FlameBox;
  expect(second.from).toBeCloseTo(first.to);
  expect(boxBeside(boxes, second, 'left')).toBe(first);
  expect(boxBeside(boxes, root, 'up')).toBeNull();
  expect(boxBeside(boxes, first, 'left')).toBeNull();
});

it('has no boxes without time', () => {
  expect(flameBoxes(treeOf(trace([])))).toEqual([]);
  expect(flameBoxes(treeOf(trace([node('a: b', 0, 0)])))).toEqual([]);
});

it('keeps all time of a large trace within the width', () => {
  const tree = treeOf(buildTrace(largeTrace(5000)));
  for (const box of flameBoxes(tree)) {
    expect(box.from).toBeGreaterThanOrEqual(0);
    expect(box.to).toBeLessThanOrEqual(1 + 1e-9);
  }
});
