import { describe, expect, it } from 'vitest';
import type { WireSpan } from '@/api/events';
import { client, failed, node, server, sql, trace, type Node } from '../fixtures';
import type { Trace } from '../trace';
import { names, of, plain, queries, title } from './telling';

describe('repeated questions', () => {
  it('are told with their shape, number and time', () => {
    const found = trace([
      node(
        'shop: GET /cart',
        0,
        300,
        server(),
        queries(20, 10, (i) => `SELECT * FROM products WHERE id = ${i}`),
      ),
    ]);
    const [finding] = of(found, 'repeated');
    expect(plain(finding?.title)).toBe('20 queries of one shape under shop: GET /cart: 180 ms, 60 % of it');
    expect(finding).toMatchObject({ severity: 'bad', code: 'SELECT * FROM products WHERE id = ?', cost: 180e6 });
    expect(finding?.spans).toHaveLength(20);
  });

  it('are not told when they are few, or differ', () => {
    const few = trace([
      node(
        'shop: GET /',
        0,
        100,
        {},
        queries(4, 0, (i) => `SELECT ${i}`),
      ),
    ]);
    expect(of(few, 'repeated')).toEqual([]);
    const different = trace([
      node(
        'shop: GET /',
        0,
        100,
        {},
        queries(8, 0, (i) => `SELECT a FROM ${'tuvwxyz_'[i]}`),
      ),
    ]);
    expect(of(different, 'repeated')).toEqual([]);
  });

  it('are less grave when they take little', () => {
    const found = trace([
      node(
        'shop: GET /',
        0,
        1000,
        {},
        queries(5, 0, (i) => `SELECT ${i}`),
      ),
    ]);
    expect(of(found, 'repeated')[0]?.severity).toBe('warn');
  });

  it('count once where they ran side by side', () => {
    const calls = Array.from({ length: 6 }, () => node('shop: query', 10, 20, sql('SELECT 1')));
    expect(of(trace([node('shop: GET /', 0, 100, {}, calls)]), 'repeated')[0]?.cost).toBe(10e6);
  });

  it('are found behind wrappers that make one call each', () => {
    const wrapped = queries(6, 0, (i) => `SELECT ${i}`).map((query, i) =>
      node('shop: Repository.find', i * 10, i * 10 + 10, {}, [query]),
    );
    const found = trace([node('shop: GET /', 0, 100, {}, wrapped)]);
    expect(title(found, 'repeated')).toContain('6 queries of one shape under shop: GET /');
    expect(names(found, of(found, 'repeated')[0])).toEqual(Array(6).fill('query'));
  });

  it('are one finding for several runs of an operation', () => {
    const run = (from: number): Node =>
      node(
        'shop: load',
        from,
        from + 100,
        {},
        queries(5, from, (i) => `SELECT ${i}`),
      );
    const found = trace([node('shop: GET /', 0, 300, {}, [run(0), run(100), run(200)])]);
    expect(of(found, 'repeated')).toHaveLength(1);
    expect(title(found, 'repeated')).toContain('15 queries of one shape under shop: load (3 runs)');
  });

  it('are found among HTTP calls', () => {
    const calls = Array.from({ length: 7 }, (_, i) =>
      node('shop: GET', i * 10, i * 10 + 5, {
        span_kind: 'client',
        attributes: { 'http.request.method': 'GET', 'url.full': `http://catalog/items/${i}` },
      }),
    );
    const [finding] = of(trace([node('shop: GET /', 0, 100, {}, calls)]), 'repeated');
    expect(finding?.code).toBe('GET catalog/items/?');
    expect(plain(finding?.title)).toContain('7 calls of one shape');
  });

  it('are not own code', () => {
    const loops = Array.from({ length: 50 }, (_, i) => node('shop: step', i, i + 1));
    expect(of(trace([node('shop: GET /', 0, 100, {}, loops)]), 'repeated')).toEqual([]);
  });
});

describe('calls one after the other', () => {
  const call = (name: string, from: number, to: number, more: Partial<WireSpan> = {}): Node =>
    node(`shop: ${name}`, from, to, { span_kind: 'client', attributes: { 'rpc.system': 'grpc' }, ...more });
  const under = (...children: Node[]): Trace => trace([node('shop: GET /', 0, 400, server(), children)]);

  it('say what they could save', () => {
    const found = under(call('Cart/Get', 0, 100), call('User/Get', 101, 150), call('Ads/Get', 152, 210));
    const [finding] = of(found, 'sequential');
    expect(plain(finding?.title)).toBe(
      '3 calls one after the other in shop: GET /: side by side they could save 107 ms of 207 ms, 27 % of the trace',
    );
    expect(finding).toMatchObject({ severity: 'bad', spans: [1, 2, 3], piece: { from: 0, to: 210e6 } });
  });

  it('are fine when they overlap', () => {
    expect(of(under(call('Cart/Get', 0, 100), call('User/Get', 50, 150)), 'sequential')).toEqual([]);
  });

  it('are fine when one changes something, or failed', () => {
    expect(of(under(call('a', 0, 100), call('b', 100, 200, sql('UPDATE t SET a = 1'))), 'sequential')).toEqual([]);
    expect(of(under(call('a', 0, 100), call('b', 100, 200, { ...client(), ...failed() })), 'sequential')).toEqual([]);
    const post = { attributes: { 'http.request.method': 'POST', 'url.full': 'http://a/b' } };
    expect(of(under(call('a', 0, 100), call('b', 100, 200, post)), 'sequential')).toEqual([]);
  });

  it('are fine when work lies between them', () => {
    expect(of(under(call('a', 0, 100), call('b', 200, 300)), 'sequential')).toEqual([]);
    const own = node('shop: compute', 100, 105);
    expect(of(under(call('a', 0, 100), own, call('b', 105, 200)), 'sequential')).toEqual([]);
  });

  it('are fine when there is little to save', () => {
    expect(of(under(call('a', 0, 300), call('b', 300, 310)), 'sequential')).toEqual([]);
  });

  it('leave loops to the repeated ones', () => {
    const loop = queries(10, 0, (i) => `SELECT ${i}`);
    expect(of(under(...loop), 'sequential')).toEqual([]);
    const both = under(...queries(10, 0, (i) => `SELECT ${i}`), call('a', 100, 150), call('b', 150, 200));
    expect(names(both, of(both, 'sequential')[0])).toEqual(['a', 'b']);
  });
});
