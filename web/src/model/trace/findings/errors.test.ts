import { describe, expect, it } from 'vitest';
import { client, failed, largeTrace, node, server, sql, trace } from '../fixtures';
import { buildTrace } from '../trace';
import { names, of, plain, title } from './telling';

describe('where the time went', () => {
  const found = trace([
    node('shop: GET /', 0, 100, server(), [
      node('shop: query', 10, 70, sql('SELECT 1')),
      node('shop: call', 70, 90, { span_kind: 'client', attributes: { 'rpc.system': 'grpc' } }, [
        node('pay: serve', 72, 88, server()),
      ]),
    ]),
  ]);

  it('is told by work and by service', () => {
    const [work, service] = of(found, 'time');
    expect(plain(work?.title)).toBe('Database has 60 % of the time: 60 ms of 100 ms');
    expect(work?.shares?.map((one) => [one.label, one.value / 1e6])).toEqual([
      ['Database', 60],
      ['Own code', 36],
      ['RPC calls', 4],
    ]);
    expect(names(found, work)).toEqual(['query']);
    expect(plain(service?.title)).toBe('shop has 84 % of the time: 84 ms of 100 ms');
    expect(names(found, service)).toEqual(['query', 'GET /', 'call']);
  });

  it('adds up to one', () => {
    for (const finding of of(buildTrace(largeTrace(500)), 'time')) {
      expect(finding.shares?.reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1);
      expect(finding.shares?.length).toBeLessThanOrEqual(6);
    }
  });

  it('says that side by side is more than the trace is long', () => {
    const wide = trace([node('a: root', 0, 100, {}, [node('a: one', 0, 100), node('b: two', 0, 100)])]);
    expect(of(wide, 'time')[0]?.detail).toContain('side by side');
  });

  it('is not told of a single span', () => {
    expect(of(trace([node('a: root', 0, 100)]), 'time')).toEqual([]);
  });
});

describe('errors', () => {
  it('are followed from the first, up to where it was caught', () => {
    const exception = {
      name: 'exception',
      time: '',
      attributes: { 'exception.type': 'Declined', 'exception.message': 'no funds\nat x' },
    };
    const found = trace([
      node('web: POST /', 0, 100, server(), [
        node('web: retry', 5, 95, {}, [
          node('web: call', 10, 50, { ...client(), ...failed() }, [
            node('pay: charge', 12, 48, { ...server(), ...failed('x'), events: [exception] }),
          ]),
          node('web: call', 60, 80, { ...client(), ...failed('late') }),
        ]),
      ]),
    ]);
    const [first, others] = of(found, 'error');
    expect(plain(first?.title)).toBe(
      'The first error is in pay: charge (Declined: no funds), and failed 2 spans of 2 services up to web: call',
    );
    expect(first?.detail).toBe('web: retry went on without failing.');
    expect(first).toMatchObject({ severity: 'bad', spans: [2, 3], focus: 3 });
    expect(plain(others?.title)).toBe('1 more span failed without a failing child: web: call (late)');
  });

  it('say that they reached the root', () => {
    const found = trace([node('web: POST /', 0, 100, failed('broken'))]);
    expect(title(found, 'error')).toBe('The first error is in web: POST / (broken)');
    expect(of(found, 'error')[0]?.detail).toContain('the caller saw it');
  });

  it('take a code or a type for a message', () => {
    const code = { ...failed(), attributes: { 'http.response.status_code': 503 } };
    expect(title(trace([node('a: b', 0, 1, code)]), 'error')).toContain('(HTTP 503)');
    const type = { ...failed(), attributes: { 'error.type': 'timeout' } };
    expect(title(trace([node('a: b', 0, 1, type)]), 'error')).toContain('(timeout)');
    expect(title(trace([node('a: b', 0, 1, failed())]), 'error')).toBe('The first error is in a: b');
  });

  it('are none where none are', () => {
    expect(of(trace([node('a: b', 0, 1)]), 'error')).toEqual([]);
  });
});
