import { expect, it } from 'vitest';
import { byService, deploysOf, readReleases, shortRelease } from './release';

const at = Date.UTC(2026, 0, 1);
const releases = readReleases({
  columns: [],
  rows: [
    ['cart', '1.0', 90, at * 1e6, (at + 50_000) * 1e6],
    ['cart', '1.1', 10, (at + 50_000) * 1e6, new Date(at + 99_000).toISOString()],
    ['mail', null, 5, at * 1e6, at * 1e6],
  ],
});

it('reads times of either kind', () => {
  expect(releases[1]).toEqual({ service: 'cart', name: '1.1', spans: 10, first: at + 50_000, last: at + 99_000 });
  expect(releases[2]?.name).toBe('');
  expect(readReleases(undefined)).toEqual([]);
});

it('puts the newest first', () => {
  expect(
    byService(releases)
      .get('cart')
      ?.map((one) => one.name),
  ).toEqual(['1.1', '1.0']);
});

it('takes for a deploy what came after the range began', () => {
  expect(deploysOf(releases, at, at + 100_000).map((one) => one.name)).toEqual(['1.1']);
  expect(deploysOf(releases, at + 49_500, at + 100_000)).toEqual([]);
});

it('shortens commits', () => {
  expect(shortRelease('3f2a91c04d5e6f7a8b9c')).toBe('3f2a91c0');
  expect(shortRelease('2026.1.3')).toBe('2026.1.3');
});
