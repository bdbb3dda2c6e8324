import { expect, it } from 'vitest';
import { marksOf } from './eventMarks';
import { node, START, trace } from './fixtures';
import { plus, printInstant } from './instant';
import type { Span } from './trace';

const event = (name: string, ms: number) => ({ name, time: printInstant(plus(START, ms * 1e6)) });
const withEvents = (events: { name: string; time: string }[]): Span =>
  trace([node('shop: GET /', 0, 1000, { events })]).spans[0] as Span;

it('puts events that lie on each other into one mark, the exception before others', () => {
  const span = withEvents([event('retry', 500), event('exception', 500.5), event('done', 900)]);
  expect(marksOf(span, START, 0, 1e9)).toEqual([
    { place: 0.5, name: 'exception', count: 2, isBad: true },
    { place: 0.9, name: 'done', count: 1, isBad: false },
  ]);
});

it('tells them apart when they are zoomed to, and leaves out what is outside', () => {
  const span = withEvents([event('retry', 500), event('retry', 501), event('done', 900)]);
  expect(marksOf(span, START, 499e6, 502e6).map((mark) => mark.count)).toEqual([1, 1]);
});

it('draws a thousand of them as few', () => {
  const span = withEvents(Array.from({ length: 5000 }, (_, i) => event('tick', i / 5)));
  const marks = marksOf(span, START, 0, 1e9);
  expect(marks.length).toBeLessThanOrEqual(251);
  expect(marks.reduce((sum, mark) => sum + mark.count, 0)).toBe(5000);
});

it('ignores times that cannot be read', () => {
  expect(marksOf(withEvents([{ name: 'x', time: 'soon' }]), START, 0, 1e9)).toEqual([]);
});
