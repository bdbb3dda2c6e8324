import { expect, it } from 'vitest';
import type { WireSpan } from '@/api/events';
import { node, sql, trace } from './fixtures';
import { addressShape, isChange, shapeOfCall, statementShape } from './statement';
import type { Span } from './trace';

it.each([
  ["SELECT * FROM users WHERE id = 42 AND name = 'O''Brien'", 'SELECT * FROM users WHERE id = ? AND name = ?'],
  ['SELECT a\n  FROM t1  WHERE b IN (1, 2,3)', 'SELECT a FROM t1 WHERE b IN (?)'],
  ['INSERT INTO t (a, b) VALUES (1, 2), (3, 4)', 'INSERT INTO t (a, b) VALUES (?)'],
  ['select x from y where z = $1 and w = :name', 'select x from y where z = ? and w = ?'],
  ['select x::text, 1.5e3 /* by 7 */ -- end', 'select x::text, ?'],
  ['GET user:17', 'GET user?'],
  ['', ''],
])('%s', (text, shape) => {
  expect(statementShape(text)).toBe(shape);
});

it('cuts what is endless', () => {
  expect(statementShape(`select ${'a, '.repeat(10_000)}`).length).toBeLessThanOrEqual(400);
});

it.each([
  ['http://catalog:8080/products/17?x=1', 'catalog:8080/products/?'],
  ['/api/v1/users/9f3b6a1c-1d2e-4f5a-8b7c-0123456789ab/cart', '/api/v1/users/?/cart'],
  ['/products/OLJCESPC7Z', '/products/?'],
  ['/blob/deadbeef01', '/blob/?'],
  ['/healthz#a', '/healthz'],
])('%s', (address, shape) => {
  expect(addressShape(address)).toBe(shape);
});

const one = (more: Partial<WireSpan>): Span => trace([node('a: the name', 0, 1, more)]).spans[0] as Span;
const http = (method: string): Partial<WireSpan> => ({
  span_kind: 'client',
  attributes: { 'http.request.method': method, 'url.full': 'http://shop/items/5' },
});

it('knows what a span asks for', () => {
  expect(shapeOfCall(one(sql('select 5')))).toBe('select ?');
  expect(shapeOfCall(one(http('GET')))).toBe('GET shop/items/?');
  expect(shapeOfCall(one({ span_kind: 'client', attributes: { 'rpc.system': 'grpc' } }))).toBe('the name');
  expect(shapeOfCall(one({}))).toBeNull();
  const redis = { 'db.system': 'redis', 'db.operation': 'GET' };
  expect(shapeOfCall(one({ span_kind: 'client', attributes: redis }))).toBe('GET');
  expect(shapeOfCall(one({ span_kind: 'client', attributes: { 'db.system': 'x' } }))).toBe('the name');
});

it('knows what changes something', () => {
  expect(isChange(one(sql(' Update t set a = 1')))).toBe(true);
  expect(isChange(one(sql('BEGIN')))).toBe(true);
  expect(isChange(one(sql('select 1')))).toBe(false);
  expect(isChange(one(http('POST')))).toBe(true);
  expect(isChange(one(http('GET')))).toBe(false);
  expect(isChange(one({ span_kind: 'producer' }))).toBe(true);
  expect(isChange(one({}))).toBe(false);
});
