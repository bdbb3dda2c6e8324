import { describe, expect, it } from 'vitest';
import { fieldTerm, hasTerm, not, quoteField, toggleTerm, withoutTerm, withTerm } from './terms';

describe('terms', () => {
  it('quote what the language would read otherwise', () => {
    expect(fieldTerm('service', 'cart')).toBe('service:cart');
    expect(fieldTerm('http.route', '/cart/{id}')).toBe('http.route:"/cart/{id}"');
    expect(fieldTerm('user name', 'a "b"')).toBe('"user name":"a \\"b\\""');
    expect(fieldTerm('retries', -3)).toBe('retries:-3');
    expect(fieldTerm('ok', false)).toBe('ok:false');
    expect(fieldTerm('empty', '')).toBe('empty=""');
    expect(fieldTerm('list', [1])).toBeNull();
    expect(quoteField('or')).toBe('"or"');
  });

  it('are added once, and take the place of their opposite', () => {
    expect(withTerm('', 'a:1')).toBe('a:1');
    expect(withTerm('timeout', 'a:1')).toBe('timeout a:1');
    expect(withTerm('timeout a:1', 'a:1')).toBe('timeout a:1');
    expect(withTerm('timeout a:1 x', not('a:1'))).toBe('timeout x -a:1');
    expect(withTerm('-a:1', 'a:1')).toBe('a:1');
  });

  it('keep alternatives together', () => {
    expect(withTerm('a or b', 'c:1')).toBe('(a or b) c:1');
    expect(withTerm('(a or b)', 'c:1')).toBe('(a or b) c:1');
    expect(withTerm('(a) or (b)', 'c:1')).toBe('((a) or (b)) c:1');
    expect(withTerm('(a or b) c:1', 'd:2')).toMatch(/c:1\)? d:2$/);
  });

  it('are found only where they stand by themselves', () => {
    expect(hasTerm('xa:1', 'a:1')).toBe(false);
    expect(hasTerm('a:10', 'a:1')).toBe(false);
    expect(hasTerm('"say a:1 now"', 'a:1')).toBe(false);
    expect(hasTerm('(b or a:1 )', 'a:1')).toBe(false);
    expect(hasTerm('b a:1 c', 'a:1')).toBe(true);
  });

  it('are taken away', () => {
    expect(withoutTerm('b a:1 c', 'a:1')).toBe('b c');
    expect(withoutTerm('b', 'a:1')).toBe('b');
    expect(toggleTerm(toggleTerm('b', 'a:1'), 'a:1')).toBe('b');
  });
});
