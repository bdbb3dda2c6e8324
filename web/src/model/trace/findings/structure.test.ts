import { describe, expect, it } from 'vitest';
import { client, failed, node, server, trace } from '../fixtures';
import { names, of, plain, title } from './telling';

describe('gaps', () => {
  it('are told with what lies around', () => {
    const found = trace([node('a: root', 0, 100, {}, [node('a: one', 0, 20), node('a: two', 60, 98)])]);
    const [finding] = of(found, 'gap');
    expect(plain(finding?.title)).toBe(
      '40 ms in a: root with no span below it, 40 % of the trace, between one and two',
    );
    expect(finding).toMatchObject({ severity: 'warn', spans: [0], piece: { from: 20e6, to: 60e6 } });
  });

  it('are told at the beginning and the end', () => {
    const found = trace([node('a: root', 0, 100, {}, [node('a: mid', 20, 85)])]);
    expect(of(found, 'gap').map((one) => plain(one.title))).toEqual([
      '20 ms in a: root with no span below it, 20 % of the trace, before mid',
      '15 ms in a: root with no span below it, 15 % of the trace, after mid',
    ]);
  });

  it('are told where nothing ran', () => {
    const found = trace([node('a: send', 0, 10, { span_kind: 'producer' }, [node('b: receive', 60, 100)])]);
    expect(title(found, 'gap')).toBe(
      '50 ms in which nothing of the trace ran, 50 % of it: after a: send, before b: receive',
    );
  });

  it('are not the time of a span without children, nor short ones', () => {
    expect(of(trace([node('a: root', 0, 100)]), 'gap')).toEqual([]);
    expect(of(trace([node('a: root', 0, 100, {}, [node('a: one', 5, 95)])]), 'gap')).toEqual([]);
  });
});

describe('clocks', () => {
  it('that are apart are told, with how much', () => {
    const found = trace([
      node('web: call', 10, 50, client({ host: 'a' }), [node('pay: serve', 4, 40, server({ host: 'b' }))]),
      node('web: call', 60, 90, client({ host: 'a' }), [node('pay: serve', 57, 80, server({ host: 'b' }))]),
    ]);
    const [finding] = of(found, 'skew');
    expect(plain(finding?.title)).toBe(
      '2 spans of pay on b begin up to 6 ms before the call that caused them: its clock is behind that of web on a',
    );
    expect(names(found, finding)).toEqual(['serve', 'serve']);
  });

  it('that are ahead are told', () => {
    const found = trace([node('web: call', 0, 50, client(), [node('pay: serve', 5, 62, server())])]);
    expect(title(found, 'skew')).toBe(
      '1 span of pay ends up to 12 ms after the call that waited for it: its clock is ahead of that of web',
    );
  });

  it('are right where work goes on by itself, or the caller gave up', () => {
    expect(of(trace([node('a: send', 0, 10, {}, [node('b: receive', 20, 90)])]), 'skew')).toEqual([]);
    const gaveUp = trace([
      node('a: call', 0, 10, { ...client(), ...failed('deadline') }, [node('b: serve', 1, 90, server())]),
    ]);
    expect(of(gaveUp, 'skew')).toEqual([]);
  });

  it('are right to their resolution', () => {
    expect(of(trace([node('a: call', 1, 5, client(), [node('b: serve', 0.95, 4, server())])]), 'skew')).toEqual([]);
  });
});

describe('the trace itself', () => {
  it('may lack parents', () => {
    const lost = { parent_span_id: 'ffffffffffffffff' };
    const found = trace([node('a: one', 0, 1, lost), node('a: two', 1, 2, lost)]);
    expect(title(found, 'missing')).toBe('2 spans name 1 parent that did not come; there is no root among what came');
    expect(of(found, 'missing')[0]?.spans).toEqual([0, 1]);
    const rooted = trace([node('a: root', 0, 9), node('a: one', 0, 1, lost)]);
    expect(title(rooted, 'missing')).toBe('1 span names 1 parent that did not come');
  });

  it('may have several roots, rings and no times', () => {
    expect(title(trace([node('a: one', 0, 1), node('a: two', 1, 2)]), 'missing')).toContain('2 spans have no parent');
    const ring = trace([
      node('a: one', 0, 1, { span_id: 'b1', parent_span_id: 'b2' }),
      node('a: two', 0, 1, { span_id: 'b2', parent_span_id: 'b1' }),
    ]);
    expect(title(ring, 'missing')).toContain('1 ring of spans');
    expect(title(trace([node('a: one', 0, 1, { time: '' })]), 'missing')).toContain('without a readable start');
  });

  it('may repeat ids', () => {
    const found = trace([node('a: root', 0, 9, { span_id: 'aa' }), node('a: again', 1, 2, { span_id: 'aa' })]);
    expect(title(found, 'duplicate')).toBe('1 span repeats 1 id of another: all are shown');
    expect(names(found, of(found, 'duplicate')[0])).toEqual(['again']);
  });

  it('may be cut, and may bring warnings', () => {
    const found = trace([node('a: b', 0, 1)], { truncated: true, warnings: ['1 file could not be read'] });
    expect(of(found, 'truncated').map((one) => plain(one.title))).toEqual([
      'The trace is larger than one answer: 1 span of it are here',
      '1 file could not be read',
    ]);
  });
});
