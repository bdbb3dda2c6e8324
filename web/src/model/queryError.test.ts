import { expect, it } from 'vitest';
import { readFault } from './queryError';

it('finds the place', () => {
  const query = 'sum(rate(x[5m])) bye (job)';
  const fault = readFault('invalid parameter "query": 1:18: parse error: unexpected identifier "bye"', query);
  expect(fault.message).toBe('unexpected identifier "bye"');
  expect(query.slice(fault.place?.from, fault.place?.to)).toBe('bye');
  expect([fault.line, fault.column]).toEqual([1, 18]);
});

it('counts lines', () => {
  const query = 'sum(\n  foo bar\n)';
  const fault = readFault('2:7: parse error: unexpected identifier', query);
  expect(query.slice(fault.place?.from, fault.place?.to)).toBe('bar');
});

it('keeps what has no place', () => {
  expect(readFault('query timed out', 'up')).toEqual({
    message: 'query timed out',
    place: null,
    line: null,
    column: null,
  });
});

it('stays inside the text', () => {
  expect(readFault('1:99: parse error: unclosed left parenthesis', 'sum(').place).toEqual({ from: 4, to: 5 });
  expect(readFault('9:1: parse error: x', 'up').place?.from).toBe(2);
});
