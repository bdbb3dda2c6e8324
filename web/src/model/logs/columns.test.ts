import { expect, it } from 'vitest';
import type { WireLog } from '@/api/events';
import { bodyPairs, valueOf } from './columns';

const line = (part: Partial<WireLog>): WireLog => ({ id: 'l', kind: 'log', time: '', severity: 9, body: '', ...part });

it('finds a field as a search names it', () => {
  const wire = line({
    service: 'cart',
    host: '',
    scope: { name: 'app' },
    attributes: { 'http.route': '/cart', host: 'a', 'user id': 7 },
    resource: { 'k8s.pod.name': 'cart-1', shared: 'r' },
    body: '{"order":{"id":17,"tags":["a"]},"msg":"placed","a.b":true}',
  });
  const found = (field: string) => valueOf(wire, field);
  expect(['service', 'scope.name', 'http.route', 'attr.host', '"user id"'].map(found)).toEqual([
    'cart',
    'app',
    '/cart',
    'a',
    7,
  ]);
  expect(['resource.k8s.pod.name', 'k8s.pod.name', 'body.msg', 'body.order.id', 'body.a.b'].map(found)).toEqual([
    'cart-1',
    'cart-1',
    'placed',
    17,
    true,
  ]);
  expect(['host', 'nothing', 'body.nothing', 'resource.http.route'].map(found)).toEqual(Array(4).fill(undefined));
});

it('reads the keys of a body that is an object, and of no other', () => {
  expect(bodyPairs(line({ body: ' {"a":{"b":1},"c":[1,2]}' }))).toEqual([
    { key: 'a.b', field: 'body.a.b', value: 1 },
    { key: 'c', field: 'body.c', value: [1, 2] },
  ]);
  for (const body of ['{"a":', '[1]', 'text', '', '{}']) expect(bodyPairs(line({ body }))).toEqual([]);
});
