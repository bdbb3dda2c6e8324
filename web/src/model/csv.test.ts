import { expect, it } from 'vitest';
import { seconds } from '@/lib/brand';
import { buildChart } from './chart';
import { chartCsv, field, tableCsv } from './csv';
import { buildTable } from './vector';

it('quotes what would break a field', () => {
  expect(field('plain')).toBe('plain');
  expect(field('a,"b"')).toBe('"a,""b"""');
  expect(field('two\nlines')).toBe('"two\nlines"');
});

it('writes a graph as columns', () => {
  const grid = { start: seconds(0), end: seconds(10), step: seconds(10) };
  const data = {
    resultType: 'matrix' as const,
    result: [{ metric: { __name__: 'x', a: '1' }, values: [[10, '2.5']] as [number, string][] }],
  };
  const csv = chartCsv(buildChart([{ query: 'A', expr: 'x', data, unit: 'none' }], grid));
  expect(csv).toBe('time,"x{a=""1""}"\r\n1970-01-01T00:00:00.000Z,\r\n1970-01-01T00:00:10.000Z,2.5\r\n');
});

it('writes a table with a column a label', () => {
  const table = buildTable({
    resultType: 'vector',
    result: [{ metric: { __name__: 'x', a: '1' }, value: [0, '+Inf'] }],
  });
  expect(tableCsv(table)).toBe('__name__,a,value,time\r\nx,1,+Inf,1970-01-01T00:00:00.000Z\r\n');
});
