import { expect, it } from 'vitest';
import { blocksOf, partsOf, withoutBlocks } from './detail';

it('names values as a search does', () => {
  const parts = partsOf({
    id: 'l',
    kind: 'log',
    time: '2026-01-01T00:00:00Z',
    severity: 9,
    body: 'x',
    service: 'cart',
    trace_id: null,
    environment: '',
    attributes: { host: 'a', 'http.route': '/' },
    resource: { 'k8s.pod.name': 'cart-1' },
    scope: { name: 'app' },
  });
  expect(parts.map((part) => [part.title, part.pairs.map((pair) => pair.field)])).toEqual([
    ['Attributes', ['attr.host', 'http.route']],
    ['Line', ['service', 'scope.name']],
    ['Resource', ['resource.k8s.pod.name']],
  ]);
});

it('shows the keys of a JSON body', () => {
  const parts = partsOf({ id: 'l', kind: 'log', time: '', severity: 0, body: '{"order":{"id":7}}' });
  expect(parts).toEqual([{ title: 'Body', pairs: [{ key: 'order.id', field: 'body.order.id', value: 7 }] }]);
});

it('leaves out empty parts', () => {
  expect(partsOf({ id: 'l', kind: 'log', time: '', severity: 0, body: '' })).toEqual([]);
});

it('sets apart what needs the whole width', () => {
  const stack = 'Error: x\n  at f';
  const parts = partsOf({ id: 'l', kind: 'log', time: '', severity: 0, body: '', attributes: { stack, a: 'b' } });
  expect(blocksOf(parts).map((pair) => pair.key)).toEqual(['stack']);
  expect(withoutBlocks(parts)).toEqual([{ title: 'Attributes', pairs: [{ key: 'a', field: 'a', value: 'b' }] }]);
  expect(
    withoutBlocks(partsOf({ id: 'l', kind: 'log', time: '', severity: 0, body: '', attributes: { stack } })),
  ).toEqual([]);
});
