import { expect, it } from 'vitest';
import type { Labels } from '@/api/query';
import { metricSelector, printSeries, shapeOf, shortName } from './labels';

it('prints what PromQL reads', () => {
  expect(printSeries({ __name__: 'up', job: 'a', b: 'x"y\\z' })).toBe('up{b="x\\"y\\\\z", job="a"}');
  expect(printSeries({ __name__: 'up' })).toBe('up');
  expect(printSeries({ __name__: 'a.b', 'c d': '1' })).toBe('{"a.b", "c d"="1"}');
  expect(printSeries({})).toBe('{}');
  expect(metricSelector('a:b_c')).toBe('a:b_c');
  expect(metricSelector('a.b')).toBe('{"a.b"}');
});

it('says once what all share', () => {
  const sets: Labels[] = [
    { __name__: 'x', job: 'node', cpu: '0', mode: 'idle' },
    { __name__: 'x', job: 'node', cpu: '1', mode: 'idle' },
    { __name__: 'x', job: 'node', mode: 'idle' },
  ];
  const shape = shapeOf(sets);
  expect(shape.common).toEqual({ __name__: 'x', job: 'node', mode: 'idle' });
  expect(shape.varying).toEqual(['cpu']);
  expect(shortName(sets[0] ?? {}, shape)).toBe('{cpu="0"}');
  expect(shortName(sets[2] ?? {}, shape)).toBe('x');
});

it('shows a lone series in full', () => {
  const only = { __name__: 'up', job: 'a' };
  expect(shapeOf([only])).toEqual({ common: { __name__: 'up' }, varying: ['job'] });
  expect(shapeOf([])).toEqual({ common: {}, varying: [] });
});

it('puts telling labels first', () => {
  const shape = shapeOf([
    { a: '1', job: 'x', instance: 'i' },
    { a: '2', job: 'y', instance: 'j' },
  ]);
  expect(shape.varying).toEqual(['job', 'instance', 'a']);
});
