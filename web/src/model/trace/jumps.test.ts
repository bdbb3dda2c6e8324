import { expect, it } from 'vitest';
import { node, trace } from './fixtures';
import { logsOfSpan, logsOfTrace, metricsOfSpan, serviceOfSpan, tracesLike, tracesWith } from './jumps';
import type { Span } from './trace';

const found = trace([node('shop: GET "/"', 0, 2000, { span_id: 'ab' })]);
const span = found.spans[0] as Span;
const noon = Date.UTC(2026, 10, 20, 12);

it('leads to the lines of the span and of the trace', () => {
  expect(logsOfSpan(found, span)).toEqual({
    path: '/logs',
    search: { q: 'span_id:ab', from: String(noon - 60_000), to: String(noon + 302_000) },
  });
  expect(logsOfTrace(found).search['q']).toBe('trace_id:trace');
});

it('leads to metrics, with quotes escaped', () => {
  expect(metricsOfSpan(found, span).search['a']).toContain('service_name="shop",span_name="GET \\"/\\""');
});

it('leads to its service, around the time of the trace', () => {
  expect(serviceOfSpan(found, span)).toEqual({
    path: '/services/shop',
    search: { from: String(noon - 1_800_000), to: String(noon + 1_802_000) },
  });
});

it('leads to traces like it', () => {
  expect(tracesLike(span).search).toMatchObject({ service: 'shop', operation: 'GET "/"' });
  expect(tracesWith('user.id', 'a b').search['q']).toBe('user.id:"a b"');
  expect(tracesWith('retries', 3).search['q']).toBe('retries:3');
});
