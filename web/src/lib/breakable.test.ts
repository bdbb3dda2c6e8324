import { expect, it } from 'vitest';
import { breakable } from './breakable';

it('breaks after dots, underscores, dashes and slashes', () => {
  expect(breakable('http.request_method')).toEqual(['http.', 'request_', 'method']);
  expect(breakable('k8s.io/pod-name')).toEqual(['k8s.', 'io/', 'pod-', 'name']);
});

it('loses nothing', () => {
  for (const text of ['', 'plain', '.leading', 'trailing.', '...', 'a..b', '__x__']) {
    expect(breakable(text).join('')).toBe(text);
  }
});
