import { describe, expect, it } from 'vitest';
import { cleanExplore, decodeExplore, encodeExplore, freeLetter, fromPrometheus, type ExploreState } from './url';

const full: ExploreState = {
  queries: [
    { id: 'a', expr: 'up', isOn: true },
    { id: 'c', expr: 'rate(x{y="z&1"}[5m])', isOn: false },
  ],
  view: 'table',
  isStacked: true,
  step: '15s',
};

describe('the address', () => {
  it('comes back as it went', () => {
    expect(decodeExplore(cleanExplore(encodeExplore(full)))).toEqual(full);
  });

  it('is empty for the beginning', () => {
    const begin = decodeExplore({});
    expect(begin).toEqual({ queries: [{ id: 'a', expr: '', isOn: true }], view: 'graph', isStacked: false });
    expect(Object.values(encodeExplore(begin)).every((value) => value === '')).toBe(true);
  });

  it('ignores what it does not know', () => {
    expect(cleanExplore({ a: 'up', A: 'x', ab: 'x', view: 'table', from: 'now', b: 5 })).toEqual({
      a: 'up',
      view: 'table',
    });
    expect(decodeExplore({ view: 'bogus' }).view).toBe('graph');
  });
});

it('finds a free letter', () => {
  expect(freeLetter(full.queries)).toBe('b');
  const all = Array.from({ length: 26 }, (_, i) => ({ id: String.fromCharCode(97 + i), expr: '', isOn: true }));
  expect(freeLetter(all)).toBeNull();
});

describe("Prometheus's links", () => {
  it('are read', () => {
    expect(
      fromPrometheus({ 'g0.expr': 'up', 'g1.expr': 'x', 'g0.range_input': '2h', 'g0.tab': '0', 'g0.stacked': '1' }),
    ).toEqual({
      a: 'up',
      b: 'x',
      from: 'now-2h',
      to: 'now',
      stack: '1',
    });
  });

  it('with an end', () => {
    const read = fromPrometheus({
      'g0.expr': 'up',
      'g0.range_input': '1h',
      'g0.end_input': '2026-01-01 01:00:00',
      'g0.tab': '1',
    });
    expect(read).toEqual({
      a: 'up',
      view: 'table',
      from: String(Date.UTC(2026, 0, 1)),
      to: String(Date.UTC(2026, 0, 1, 1)),
    });
  });

  it('of its newer pages', () => {
    const search = { 'g0.expr': 'up', 'g0.tab': 'explain', 'g0.res_type': 'fixed', 'g0.res_step': '15' };
    expect(fromPrometheus({ ...search, 'g0.display_mode': 'lines' })).toEqual({
      a: 'up',
      view: 'explain',
      step: '15s',
    });
    expect(fromPrometheus({ 'g0.step_input': '30', 'g0.tab': 'graph' })).toEqual({ step: '30s' });
    expect(fromPrometheus({ 'g0.step_input': '0' })).toEqual({});
  });

  it('that are broken give nothing', () => {
    expect(fromPrometheus({ 'g0.range_input': 'long', 'g0.end_input': 'never' })).toEqual({});
  });
});
