import { expect, it } from 'vitest';
import { metricsOf } from './selector';

it('finds the metrics of a query', () => {
  expect(metricsOf('sum(rate(a_total{job="x"}[5m])) / on (job) b + a_total')).toEqual(['a_total', 'b']);
  expect(metricsOf('{__name__="c.d"} or {"e f", x="1"}')).toEqual(['c.d', 'e f']);
  expect(metricsOf('{job="x"}')).toEqual([]);
  expect(metricsOf('1 +')).toEqual([]);
});
