import { expect, it } from 'vitest';
import { SEVERITIES, severityNamed, severityOf, severityTerm } from './severity';

it('reads numbers by their ranges', () => {
  expect([0, 1, 4, 5, 9, 12, 13, 16, 17, 20, 21, 24, 25].map(severityOf)).toEqual(
    ['unknown', 'trace', 'trace', 'debug', 'info', 'info', 'warn', 'warn', 'error', 'error', 'fatal', 'fatal'].concat(
      'unknown',
    ),
  );
});

it('knows the names of the server', () => {
  for (const one of SEVERITIES) expect(severityNamed(one)).toBe(one);
  expect(severityNamed('')).toBe('unknown');
  expect(severityNamed('ERROR')).toBe('error');
});

it('writes terms of the search language', () => {
  expect(severityTerm('warn')).toBe('severity:warn');
  expect(severityTerm('unknown')).toBe('severity=0');
});
