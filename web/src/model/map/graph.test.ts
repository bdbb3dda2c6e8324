import { describe, expect, it } from 'vitest';
import type { QueryData } from '@/api/query';
import { findInGraph, neighbourhood, readGraph } from './graph';
import { graphQueries } from './queries';

type Row = [client: string, server: string, type: string, value: number];
const vector = (rows: Row[]): QueryData => ({
  resultType: 'vector',
  result: rows.map(([client, server, type, value]) => ({
    metric: { client, server, ...(type === '' ? {} : { connection_type: type }) },
    value: [0, String(value)],
  })),
});

const graph = readGraph({
  total: vector([
    ['user', 'web', 'virtual_node', 20],
    ['web', 'cart', '', 10],
    ['cart', 'orders-db', 'database', 40],
    ['cart', 'mail', 'messaging_system', 2],
    ['cart', 'pay.example', 'virtual_node', 1],
    ['cart', 'idle', '', 0],
  ]),
  failed: vector([['web', 'cart', '', 1]]),
  p95: vector([['web', 'cart', '', 0.3]]),
});

describe('graph', () => {
  it('knows what each node is', () => {
    const kinds = Object.fromEntries(graph.nodes.map((node) => [node.name, node.kind]));
    expect(kinds).toEqual({
      user: 'user',
      web: 'service',
      cart: 'service',
      mail: 'service',
      'orders-db': 'database',
      'pay.example': 'external',
    });
  });

  it('knows rates, errors and durations', () => {
    expect(graph.edges.find((edge) => edge.server === 'cart')).toMatchObject({ rate: 10, errors: 0.1, p95: 0.3 });
    expect(graph.nodes.find((node) => node.name === 'cart')).toMatchObject({ rate: 10, errors: 0.1, p95: 0.3 });
    expect(graph.nodes.find((node) => node.name === 'user')?.rate).toBe(20);
    expect(graph.nodes.find((node) => node.name === 'mail')?.takesMessages).toBe(true);
  });

  it('tells a database from the service that is called the same', () => {
    const { nodes } = readGraph({
      total: vector([
        ['web', 'orders', '', 10],
        ['orders', 'orders', 'database', 30],
      ]),
      failed: undefined,
      p95: undefined,
    });
    expect(nodes.map((node) => [node.name, node.kind, node.rate])).toEqual([
      ['orders', 'service', 10],
      ['orders (database)', 'database', 30],
      ['web', 'service', 10],
    ]);
  });

  it('counts what a service takes by its own spans, and says where it is what it makes', () => {
    const { nodes, edges } = readGraph(
      {
        total: vector([
          ['shop', 'orders', 'database', 5],
          ['shop', 'pay', '', 2],
        ]),
        failed: undefined,
        p95: undefined,
      },
      [
        { name: 'shop', red: { rate: 0.5, errors: 0.1, p95: 0.2 } },
        { name: 'cron', red: null },
        { name: 'pay', red: null },
        { name: 'orders', red: null },
      ],
    );
    const numbers = nodes.map((node) => [node.name, node.kind, node.rate, node.counts, node.errors]);
    expect(numbers).toEqual([
      ['cron', 'service', 0, 'made', 0],
      ['orders', 'service', 0, 'made', 0],
      ['orders (database)', 'database', 5, 'taken', 0],
      ['pay', 'service', 2, 'taken', 0],
      ['shop', 'service', 0.5, 'taken', 0.1],
    ]);
    expect(edges).toHaveLength(2);
    expect(graph.nodes.find((node) => node.name === 'user')?.counts).toBe('made');
  });

  it('leaves out calls that did not happen', () => {
    expect(graph.edges).toHaveLength(5);
  });

  it('shows one with its neighbours', () => {
    const near = neighbourhood(graph, 'web');
    expect(near.nodes.map((node) => node.name)).toEqual(['cart', 'user', 'web']);
    expect(near.edges).toHaveLength(2);
  });

  it('finds by a piece of the name', () => {
    expect(findInGraph(graph, 'CAR')).toEqual(new Set(['cart']));
    expect(findInGraph(graph, ' ')).toBeNull();
  });
});

it('asks for all calls, or for those of one', () => {
  expect(graphQueries(300).total).toBe(
    'sum by (client, server, connection_type) (rate(traces_service_graph_request_total[300s]))',
  );
  expect(graphQueries(60, { client: 'a' }).p95).toContain('server_seconds_bucket{client="a"}[60s]');
});
