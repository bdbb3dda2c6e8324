import { expect, it } from 'vitest';
import { PER_KIND_MAX } from './findings';
import { all, queries } from './findings/telling';
import { failed, largeTrace, node, trace } from './fixtures';
import { buildTrace } from './trace';

it('has the gravest first, the costliest of those', () => {
  const found = trace([
    node('a: root', 0, 1000, failed(), [
      ...queries(30, 0, (i) => `SELECT ${i}`),
      ...queries(6, 310, (i) => `SELECT a FROM b WHERE c = ${i}`),
      node('a: late', 900, 990),
    ]),
  ]);
  expect(all(found).map((one) => `${one.severity} ${one.kind}`)).toEqual([
    'bad error',
    'bad repeated',
    'warn gap',
    'warn repeated',
    'note time',
    'note time',
  ]);
});

it('says nothing of a quiet trace', () => {
  expect(all(trace([node('a: b', 0, 10)]))).toEqual([]);
  expect(all(trace([]))).toEqual([]);
});

it('stays short and names spans that are there, however large the trace', () => {
  const found = buildTrace(largeTrace(20_000));
  const findings = all(found);
  expect(findings.length).toBeLessThanOrEqual(7 * PER_KIND_MAX);
  expect(new Set(findings.map((one) => one.id)).size).toBe(findings.length);
  expect(findings.flatMap((one) => one.spans).every((index) => found.spans[index] !== undefined)).toBe(true);
});
