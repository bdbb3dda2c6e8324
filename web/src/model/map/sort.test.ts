import { expect, it } from 'vitest';
import type { Edge } from './graph';
import { sortEdges } from './sort';

const edge = (key: string, rate: number, p95: number | null): Edge => ({
  key,
  client: key,
  server: 'x',
  kind: 'request',
  rate,
  errors: 0,
  p95,
});
const edges = [edge('b', 1, null), edge('a', 1, 0.5), edge('c', 3, 0.1)];
const keys = (list: readonly Edge[]): string => list.map((one) => one.key).join('');

it('sorts by names and numbers, equal ones by name', () => {
  expect(keys(sortEdges(edges, 'client', false))).toBe('abc');
  expect(keys(sortEdges(edges, 'server', true))).toBe('abc');
  expect(keys(sortEdges(edges, 'rate', true))).toBe('cab');
  expect(keys(sortEdges(edges, 'p95', true))).toBe('acb');
  expect(keys(sortEdges(edges, 'p95', false))).toBe('cab');
});
