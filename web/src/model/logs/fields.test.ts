import { expect, it } from 'vitest';
import type { WireField } from '@/api/events';
import { groupFields, readFields } from './fields';

const wire: WireField[] = [
  { name: 'time', scope: 'builtin', type: 'time', count: 100 },
  { name: 'trace_id', scope: 'builtin', type: 'id', count: 40 },
  { name: 'service', scope: 'builtin', type: 'str', count: 100 },
  { name: 'severity', scope: 'builtin', type: 'severity', count: 90 },
  { name: 'http.route', scope: 'attribute', type: 'str', count: 20 },
  { name: 'user.id', scope: 'attribute', type: 'int', count: 50 },
  { name: 'resource.k8s.pod.name', scope: 'resource', type: 'str', count: 100 },
  { name: 'empty', scope: 'attribute', type: 'str', count: 0 },
];

it('begins with what logs are cut by', () => {
  expect(readFields(wire).map((field) => field.name)).toEqual([
    'severity',
    'service',
    'trace_id',
    'user.id',
    'http.route',
    'resource.k8s.pod.name',
  ]);
  expect(readFields(wire)[0]?.share).toBe(0.9);
});

it('finds fields by pieces of their names', () => {
  const groups = groupFields(readFields(wire), 'route');
  expect(groups.map((group) => [group.scope, group.fields.map((field) => field.name)])).toEqual([
    ['attribute', ['http.route']],
  ]);
  expect(groupFields(readFields(wire), '').map((group) => group.scope)).toEqual(['builtin', 'attribute', 'resource']);
});
