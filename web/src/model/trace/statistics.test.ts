import { expect, it } from 'vitest';
import { failed, node, sql, trace } from './fixtures';
import { selfTimes } from './selfTime';
import { groupSpans, quantile, sortGroups, sortSpans } from './statistics';

const MS = 1e6;
const found = trace([
  node('shop: GET /', 0, 100, {}, [
    node('shop: query', 10, 20, sql('select 1')),
    node('shop: query', 30, 50, { ...sql('select 1'), ...failed() }),
    node('pay: charge', 60, 90),
  ]),
]);
const selfs = selfTimes(found);

it('counts by service', () => {
  const [shop, pay] = groupSpans(found, selfs, 'service');
  expect(shop).toMatchObject({ title: 'shop', errors: 1, total: 130 * MS, self: 70 * MS, max: 100 * MS });
  expect(shop?.spans).toHaveLength(3);
  expect(pay).toMatchObject({ title: 'pay', total: 30 * MS, self: 30 * MS, average: 30 * MS, p95: 30 * MS });
});

it('counts by operation and by work', () => {
  const query = groupSpans(found, selfs, 'operation').find((group) => group.title === 'query');
  expect(query).toMatchObject({ service: 'shop', average: 15 * MS, p95: 20 * MS, spans: [1, 2] });
  const works = groupSpans(found, selfs, 'work');
  expect(works.map((group) => [group.title, group.spans.length])).toEqual([
    ['Own code', 2],
    ['Database', 2],
  ]);
});

it('sorts', () => {
  const groups = groupSpans(found, selfs, 'operation');
  const order = (by: Parameters<typeof sortGroups>[1], down: boolean) =>
    sortGroups(groups, by, down).map((group) => group.title);
  expect(order('count', true)).toEqual(['query', 'charge', 'GET /']);
  expect(order('self', true)).toEqual(['GET /', 'charge', 'query']);
  expect(order('title', false)).toEqual(['charge', 'GET /', 'query']);
  const spans = (by: Parameters<typeof sortSpans>[2], down: boolean) =>
    sortSpans(found.spans, selfs, by, down).map((span) => span.index);
  expect(spans('duration', true)).toEqual([0, 3, 2, 1]);
  expect(spans('status', true)).toEqual([2, 0, 1, 3]);
  expect(spans('name', false)).toEqual([3, 0, 1, 2]);
  expect(spans('service', false)).toEqual([3, 0, 1, 2]);
  expect(spans('self', true)).toEqual([0, 3, 2, 1]);
  expect(spans('start', false)).toEqual([0, 1, 2, 3]);
});

it('takes a value that was there for a quantile', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(quantile(values, 0.95)).toBe(95);
  expect(quantile([7], 0.95)).toBe(7);
  expect(quantile([], 0.5)).toBe(0);
});
