import { expect, it } from 'vitest';
import { buildFacts, findFlags, runtimeFacts } from './statusFacts';

it('names facts and their units', () => {
  const facts = runtimeFacts(
    {
      other: 12_345,
      GOMEMLIMIT: 9223372036854776000,
      corruptionCount: 0,
      reloadConfigSuccess: false,
      startTime: '2026-01-01T00:00:00Z',
      GODEBUG: '',
    },
    true,
  );
  expect(facts).toEqual([
    { name: 'Started', value: '2026-01-01 00:00', at: Date.UTC(2026, 0, 1) },
    { name: 'Last reload', value: 'Refused', isBad: true },
    { name: 'Corruptions of the log', value: '0', isBad: false },
    { name: 'Memory limit', value: 'none' },
    { name: 'other', value: '12\u202f345' },
  ]);
  expect(runtimeFacts({ GOMEMLIMIT: 2 ** 30 }, true)[0]?.value).toBe('1 GiB');
  expect(buildFacts({ version: '1.0', branch: '' })).toEqual([{ name: 'Version', value: '1.0' }]);
});

it('finds flags by name and value', () => {
  const flags = { 'web.listen-address': '127.0.0.1:9090', 'storage.tsdb.path': 'data/' };
  expect(findFlags(flags, '--web').map((flag) => flag.name)).toEqual(['web.listen-address']);
  expect(findFlags(flags, 'DATA/')).toHaveLength(1);
  expect(findFlags(flags, '').map((flag) => flag.name)).toEqual(['storage.tsdb.path', 'web.listen-address']);
});
