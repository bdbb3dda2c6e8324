import { describe, expect, it } from 'vitest';
import type { WireSpan } from '@/api/events';
import { buildTrace } from './trace';
import { readTraceFile } from './traceFile';

const T = '5b8efff798038103d269b633813fc60c';
const otlpSpan = {
  traceId: T.toUpperCase(),
  spanId: 'eee19b7ec3c1b174',
  parentSpanId: '',
  name: 'GET /',
  kind: 2,
  startTimeUnixNano: '1763640000000000001',
  endTimeUnixNano: '1763640000005000001',
  status: { code: 2, message: 'broken' },
  attributes: [
    { key: 'http.request.method', value: { stringValue: 'GET' } },
    { key: 'size', value: { intValue: '42' } },
    { key: 'huge', value: { intValue: '9223372036854775807' } },
    { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: true }] } } },
    { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { doubleValue: 1.5 } }] } } },
    { key: 'none', value: {} },
  ],
  events: [{ timeUnixNano: '1763640000001000000', name: 'exception', attributes: [] }],
  links: [{ traceId: T, spanId: 'aaaaaaaaaaaaaaaa' }],
};
const otlp = (...spans: object[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [{ scope: { name: 'lib', version: '1' }, spans }],
    },
  ],
});

const only = (text: string): WireSpan => {
  const { traces, problems } = readTraceFile(text);
  expect(problems).toEqual([]);
  return traces[0]?.spans[0] as WireSpan;
};

describe('OTLP', () => {
  it('is read whole', () => {
    expect(only(JSON.stringify(otlp(otlpSpan)))).toMatchObject({
      trace_id: T,
      span_id: 'eee19b7ec3c1b174',
      parent_span_id: null,
      service: 'shop',
      time: '2025-11-20T12:00:00.000000001Z',
      duration_ns: 5_000_000,
      span_kind: 'server',
      status: 'error',
      status_message: 'broken',
      scope: { name: 'lib', version: '1' },
      attributes: { size: 42, huge: '9223372036854775807', tags: ['a', true], map: { k: 1.5 }, none: null },
      events: [{ name: 'exception', time: '2025-11-20T12:00:00.001000000Z' }],
      links: [{ trace_id: T, span_id: 'aaaaaaaaaaaaaaaa' }],
    });
  });

  it('is read as lines, in answers of others, and with the names of protobuf', () => {
    const lines = [otlp(otlpSpan), otlp({ ...otlpSpan, spanId: '00000000000000bb' })].map((one) => JSON.stringify(one));
    expect(readTraceFile(lines.join('\n')).traces[0]?.spans).toHaveLength(2);
    expect(only(JSON.stringify({ result: otlp(otlpSpan) })).name).toBe('GET /');
    expect(only(JSON.stringify({ trace: otlp(otlpSpan) })).name).toBe('GET /');
    expect(only(JSON.stringify({ batches: otlp(otlpSpan).resourceSpans })).name).toBe('GET /');
    const named = { ...otlpSpan, spanId: '7uGbfsPBsXQ=', kind: 'SPAN_KIND_CLIENT', status: { code: 'STATUS_CODE_OK' } };
    expect(only(JSON.stringify(otlp(named)))).toMatchObject({
      span_id: 'eee19b7ec3c1b174',
      span_kind: 'client',
      status: 'ok',
    });
  });

  it('says what it left out', () => {
    const { traces, problems } = readTraceFile(JSON.stringify(otlp(otlpSpan, { name: 'no id' })));
    expect(traces[0]?.spans).toHaveLength(1);
    expect(problems).toEqual(['1 of 2 spans have no id or no readable time.']);
  });

  it('keeps traces apart, the largest first', () => {
    const other = { ...otlpSpan, traceId: 'ff', spanId: '01' };
    const { traces } = readTraceFile(JSON.stringify(otlp(other, otlpSpan, { ...otlpSpan, spanId: '02' })));
    expect(traces.map((one) => [one.trace_id, one.spans.length])).toEqual([
      [T, 2],
      ['ff', 1],
    ]);
  });
});

const jaeger = {
  data: [
    {
      traceID: 'abc',
      processes: { p1: { serviceName: 'shop', tags: [{ key: 'host.name', value: 'web-1' }] } },
      spans: [
        {
          traceID: 'abc',
          spanID: 'B1',
          operationName: 'root',
          startTime: 1_763_640_000_000_001,
          duration: 2500,
          processID: 'p1',
          references: [],
          tags: [
            { key: 'span.kind', type: 'string', value: 'server' },
            { key: 'error', type: 'bool', value: true },
            { key: 'otel.status_description', value: 'no' },
            { key: 'retries', value: 2 },
          ],
          logs: [{ timestamp: 1_763_640_000_000_500, fields: [{ key: 'event', value: 'retry' }] }],
        },
        {
          traceID: 'abc',
          spanID: 'b2',
          operationName: 'child',
          startTime: 1_763_640_000_001_000,
          duration: 1000,
          processID: 'p9',
          references: [
            { refType: 'FOLLOWS_FROM', traceID: 'other', spanID: 'ff' },
            { refType: 'CHILD_OF', traceID: 'abc', spanID: 'B1' },
          ],
        },
        { operationName: 'no id' },
      ],
    },
  ],
};

it('reads Jaeger', () => {
  const { traces, problems } = readTraceFile(JSON.stringify(jaeger));
  const [root, child] = traces[0]?.spans ?? [];
  expect(root).toMatchObject({
    service: 'shop',
    host: 'web-1',
    time: '2025-11-20T12:00:00.000001000Z',
    duration_ns: 2_500_000,
    span_kind: 'server',
    status: 'error',
    status_message: 'no',
    attributes: { retries: 2 },
    events: [{ name: 'retry', time: '2025-11-20T12:00:00.000500000Z', attributes: {} }],
  });
  expect(child).toMatchObject({
    parent_span_id: 'b1',
    service: 'unknown',
    links: [{ trace_id: 'other', span_id: 'ff' }],
  });
  expect(problems).toEqual(['1 of 3 spans have no id or no start time.']);
  const [built] = traces.map((one) => buildTrace(one));
  expect(built?.spans.map((span) => span.depth)).toEqual([0, 1]);
});

it('reads what it wrote', () => {
  const trace = readTraceFile(JSON.stringify(otlp(otlpSpan))).traces[0];
  expect(readTraceFile(JSON.stringify(trace)).traces[0]).toEqual(trace);
  const broken = { trace_id: T, spans: [{ name: 'x' }] };
  expect(readTraceFile(JSON.stringify(broken)).problems).toEqual(['1 of 1 spans have no time or no id.']);
});

it.each([
  ['', 'not JSON'],
  ['<html>', 'not JSON'],
  ['{"a": 1\n{', 'not JSON'],
  ['{}', 'no spans'],
  ['null', 'no spans'],
  ['[1, "a"]', 'no spans'],
  ['{"resourceSpans": []}', 'no spans'],
  ['{"data": null}', 'no spans'],
])('says what is wrong with %s', (text, problem) => {
  const { traces, problems } = readTraceFile(text);
  expect(traces).toEqual([]);
  expect(problems.join()).toContain(problem);
});
