import { expect, it } from 'vitest';
import { compareTrees, summarise } from './compare';
import { failed, node, trace } from './fixtures';
import { pathTree, type PathNode } from './pathTree';
import { selfTimes } from './selfTime';
import type { Trace } from './trace';

const MS = 1e6;
const tree = (found: Trace): PathNode => pathTree(found, selfTimes(found));

const before = tree(
  trace([
    node('shop: GET /', 0, 100, {}, [
      node('db: query', 10, 20),
      node('cache: get', 30, 31),
      node('mail: send', 40, 90),
      node('ads: show', 91, 92),
    ]),
  ]),
);
const after = tree(
  trace([
    node('shop: GET /', 0, 150, {}, [
      node('db: query', 10, 20),
      node('db: query', 20, 90, failed()),
      node('cache: get', 100, 100.5),
      node('cache: get', 101, 101.6),
      node('mail: send', 110, 130),
      node('pay: charge', 135, 140, {}, [node('bank: book', 136, 139)]),
    ]),
  ]),
);

it('says what changed, in the order of the tree', () => {
  const rows = compareTrees(before, after);
  expect(rows.map((row) => `${row.depth} ${row.name} ${row.change}`)).toEqual([
    '0 GET / slower',
    '1 query slower',
    '1 get more',
    '1 send faster',
    '1 show removed',
    '1 charge added',
    '2 book added',
  ]);
  expect(rows[1]).toMatchObject({ by: 70 * MS, selfBy: 70 * MS, before: { count: 1 }, after: { count: 2, errors: 1 } });
  expect(rows[4]).toMatchObject({ after: null, by: -1 * MS });
  expect(rows[0]?.hasChildren).toBe(true);
  expect(rows[6]?.hasChildren).toBe(false);
});

it('sums up', () => {
  const { counts, culprits } = summarise(compareTrees(before, after));
  expect(counts).toEqual({ added: 2, removed: 1, slower: 2, faster: 1, more: 1, fewer: 0, same: 0 });
  expect(culprits.map((row) => row.name)).toEqual(['query', 'GET /', 'book']);
});

it('finds no difference to itself', () => {
  const rows = compareTrees(before, before);
  expect(rows.every((row) => row.change === 'same' && row.by === 0)).toBe(true);
  expect(summarise(rows).culprits).toEqual([]);
});

it('ignores what is within the noise', () => {
  const one = tree(trace([node('a: b', 0, 100)]));
  const two = tree(trace([node('a: b', 0, 110)]));
  expect(compareTrees(one, two)[0]?.change).toBe('same');
  expect(compareTrees(one, tree(trace([])))[0]?.change).toBe('removed');
});
