import { describe, expect, it } from 'vitest';
import { fromJaeger } from './jaegerLink';

describe("Jaeger's links", () => {
  it('are read', () => {
    expect(
      fromJaeger({
        service: 'cart',
        operation: 'GET /cart',
        tags: '{"error":"true","http.status_code":"500","span.kind":"server","db.statement":"select 1"}',
        lookback: '1h',
        limit: '20',
        minDuration: '1.5ms',
        maxDuration: '',
      }),
    ).toEqual({
      service: 'cart',
      operation: 'GET /cart',
      q: 'http.status_code=500 kind=server db.statement="select 1"',
      errors: '1',
      limit: '20',
      min: '1.5ms',
      from: 'now-1h',
      to: 'now',
    });
  });

  it('mean the moments they were made with', () => {
    const link = { service: 'cart', lookback: '1h', start: '1700000000000999', end: '1700003600000001' };
    expect(fromJaeger(link)).toEqual({ service: 'cart', from: '1700000000000', to: '1700003600001' });
    expect(fromJaeger({ start: '1700000000000000' })).toEqual({ from: '1700000000000', to: 'now' });
  });

  it('take tags as they are typed', () => {
    expect(fromJaeger({ tags: 'error=true a.b="two \\"words\\"" otel.status_code=OK' })).toEqual({
      errors: '1',
      q: 'a.b="two \\"words\\"" status=ok',
    });
  });

  it('ask for all operations, and for at least as many traces', () => {
    expect(fromJaeger({ operation: 'all', limit: '30' })).toEqual({ limit: '50' });
    expect(fromJaeger({ limit: '1500' })).toEqual({ limit: '500' });
  });

  it('that are broken lose what cannot be read', () => {
    expect(fromJaeger({ lookback: 'custom', start: 'x', limit: 'many', tags: '[' })).toEqual({});
    expect(fromJaeger({ tags: '5' })).toEqual({});
    expect(fromJaeger({})).toEqual({});
  });
});
