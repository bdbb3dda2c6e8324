import { expect, it } from 'vitest';
import { cleanTraces, decodeTraces, encodeTraces, type TracesState } from './url';

const plain: TracesState = {
  q: '',
  service: null,
  operation: null,
  errors: false,
  own: false,
  min: '',
  max: '',
  limit: 50,
  order: 'recent',
};

it('comes back as it went', () => {
  const states: TracesState[] = [
    plain,
    {
      q: 'http.route:/cart/* "a b"',
      service: 'cart&co',
      operation: 'GET /a=b',
      errors: true,
      own: true,
      min: '5ms',
      max: '1.5s',
      limit: 200,
      order: 'slowest',
    },
  ];
  for (const state of states) expect(decodeTraces(encodeTraces(state))).toEqual(state);
});

it('writes nothing for what is usual', () => {
  expect(Object.values(encodeTraces(plain)).join('')).toBe('');
});

it('ignores what it does not know', () => {
  expect(cleanTraces({ q: 'a', from: 'now', limit: 5 })).toEqual({ q: 'a' });
  expect(decodeTraces({ limit: '7', order: 'upwards', errors: 'yes' })).toEqual(plain);
});
