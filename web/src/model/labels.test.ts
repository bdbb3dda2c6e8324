import { expect, it } from 'vitest';
import type { Labels } from '@/api/query';
import { metricSelector, nameSeries, printSeries, shapeOf } from './labels';

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
  const nameOf = nameSeries([sets]);
  expect(nameOf(0, sets[0] ?? {})).toBe('{cpu="0"}');
  expect(nameOf(0, sets[2] ?? {})).toBe('x');
});

it('names the series of several queries by their metric and what is not shared', () => {
  const memory = { __name__: 'memory_bytes', job: 'a', instance: 'i' };
  const cpu = { job: 'a', instance: 'i' };
  const [first, second] = [nameSeries([[memory], [cpu]]), nameSeries([[memory], [{ ...cpu, job: 'b' }]])];
  expect([first(0, memory), first(1, cpu)]).toEqual(['memory_bytes', null]);
  expect(second(0, memory)).toBe('memory_bytes{job="a"}');

  const up = [
    { __name__: 'up', job: 'a', instance: 'i' },
    { __name__: 'up', job: 'b', instance: 'j' },
  ];
  const rates = [
    { job: 'a', instance: 'i', code: '200' },
    { job: 'a', instance: 'i', code: '500' },
  ];
  const nameOf = nameSeries([up, rates, []]);
  expect(nameOf(0, up[0] ?? {})).toBe('up{job="a", instance="i"}');
  expect(nameOf(1, rates[1] ?? {})).toBe('{code="500"}');
  expect(nameSeries([[memory]])(0, memory)).toBe('memory_bytes{job="a", instance="i"}');
  expect(nameSeries([[]])(0, {})).toBeNull();
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
