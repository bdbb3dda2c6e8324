import { expect, it } from 'vitest';
import { partsOf } from './detail';

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

it('leaves out empty parts', () => {
  expect(partsOf({ id: 'l', kind: 'log', time: '', severity: 0, body: '' })).toEqual([]);
});
