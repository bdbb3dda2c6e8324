import { expect, it } from 'vitest';
import { errorShareQuery, exemplarQuery, quantileQuery, rateQuery, windows } from './queries';

const KINDS = 'span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"';

it('asks for the range and the one before it', () => {
  const { now, before } = windows(0, 3_600_000);
  expect(rateQuery({ by: 'service_name', service: null }, now)).toBe(
    `sum by (service_name) (rate(traces_span_metrics_calls_total{${KINDS}}[3600s]))`,
  );
  expect(rateQuery({ by: 'service_name', service: null }, before)).toContain('[3600s] offset 3600s');
});

it('looks no shorter than counts are written', () => {
  expect(windows(0, 5000).now.seconds).toBe(60);
});

it('chooses a service, whatever its name', () => {
  expect(rateQuery({ by: 'span_name', service: 'a"b' }, { seconds: 60, offset: 0 })).toContain('service_name="a\\"b"');
  expect(exemplarQuery('cart')).toBe(`traces_span_metrics_duration_milliseconds_bucket{${KINDS},service_name="cart"}`);
});

it('asks for quantiles in seconds and shares without a hole where nothing failed', () => {
  expect(quantileQuery({ by: '', service: 'cart' }, 0.95, { seconds: 60, offset: 0 })).toMatch(
    /^histogram_quantile\(0\.95, sum by \(le\) \(rate\(.*\[60s\]\)\)\) \/ 1000$/,
  );
  expect(errorShareQuery({ by: '', service: 'cart' }, { seconds: 60, offset: 0 })).toMatch(/or 0 \* sum .* > 0\)$/);
});
