import { expect, it } from 'vitest';
import type { WireLog, WirePattern } from '@/api/events';
import { patternQuery, piecesOf, shownPieces, readPatterns, sortPatterns } from './pattern';

const sample: WireLog = { id: 'l', kind: 'log', time: '2026-01-01T00:00:00Z', severity: 9, body: 'x' };
const wire = (template: string, count: number, severity: Record<string, number>, first: string): WirePattern => ({
  template,
  count,
  severity,
  sample,
  first,
  last: first,
  counts: [count],
});

it('tells what stays from what differs', () => {
  expect(piecesOf('took <num> ms for <*>')).toEqual([
    { text: 'took ', isGap: false },
    { text: '<num>', isGap: true },
    { text: ' ms for ', isGap: false },
    { text: '<*>', isGap: true },
  ]);
  expect(piecesOf('a < b')).toEqual([{ text: 'a < b', isGap: false }]);
});

it('searches for whole words that stand together', () => {
  expect(patternQuery('connection to <*> reset')).toBe('"connection to" reset');
  expect(patternQuery('order-<num> shipped')).toBe('order shipped');
  expect(patternQuery('user=<id> said "no"')).toBe('user "said \\"no"');
  expect(patternQuery('<*>')).toBe('');
  expect(patternQuery('not <*>')).toBe('"not"');
});

it('counts shares and severities', () => {
  const [first] = readPatterns({
    patterns: [wire('a', 3, { '': 1, warn: 1, error: 1 }, '2026-01-01T00:00:00Z')],
    lines: 12,
    sampled: false,
  });
  expect(first?.share).toBe(0.25);
  expect(first?.mix.map((one) => one.key)).toEqual(['error', 'warn', 'unknown']);
});

it('sorts four ways', () => {
  const patterns = readPatterns({
    patterns: [
      wire('many', 9, { info: 9 }, '2026-01-01T00:00:00Z'),
      wire('bad', 2, { error: 2 }, '2026-01-01T00:00:01Z'),
      wire('new', 3, { info: 3 }, '2026-01-01T00:00:02Z'),
    ],
    sampled: false,
  });
  const names = (order: Parameters<typeof sortPatterns>[1]): string[] =>
    sortPatterns(patterns, order).map((one) => one.template);
  expect(names('count')).toEqual(['many', 'new', 'bad']);
  expect(names('rare')).toEqual(['bad', 'new', 'many']);
  expect(names('severity')).toEqual(['bad', 'many', 'new']);
  expect(names('new')).toEqual(['new', 'bad', 'many']);
});

it('shows no colours of terminals', () => {
  const text = shownPieces('\u001b[<num>menter\u001b[<num>m x <num>').map((piece) => piece.text);
  expect(text.join('')).toBe('enter x <num>');
});
