import { expect, it } from 'vitest';
import { nodesOf, type Edge } from './graph';
import { edgeJumps, nodeJumps } from './jumps';

const edge = (client: string, server: string, kind: Edge['kind'], errors = 0): Edge => ({
  key: `${client}>${server}`,
  client,
  server,
  kind,
  rate: 1,
  errors,
  p95: null,
});
const toDb = edge('cart', 'db', 'database');
const toCart = edge('web', 'cart', 'request', 0.5);
const graph = { edges: [toCart, toDb], nodes: nodesOf([toCart, toDb]) };
const range = { from: 'now-1h', to: 'now' };

it('leads from a service to what it has', () => {
  const [cart] = graph.nodes;
  expect(cart?.name).toBe('cart');
  const paths = cart === undefined ? [] : nodeJumps(cart, graph, range).map((jump) => jump.to.path);
  expect(paths).toEqual(['/services/cart', '/traces', '/traces', '/logs']);
});

it('asks the caller about what sends no spans', () => {
  const db = graph.nodes.find((node) => node.name === 'db');
  expect(db === undefined ? [] : nodeJumps(db, graph, range).map((jump) => jump.title)).toEqual(['Traces of cart']);
  expect(edgeJumps(toDb, graph, range)[0]?.to.search).toMatchObject({
    service: 'cart',
    q: 'kind:(client or producer)',
  });
});

it('leads from a call to its traces, with errors when there are some', () => {
  expect(edgeJumps(toCart, graph, range).map((jump) => jump.title)).toEqual([
    'Traces of these calls',
    'The slowest',
    'Those with errors',
    'Open web',
    'Open cart',
  ]);
});
