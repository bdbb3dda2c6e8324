import { expect, it } from 'vitest';
import { score, search } from './fuzzy';

const names = [
  'go_gc_duration_seconds',
  'node_cpu_seconds_total',
  'node_cooling_device_cur_state',
  'process_cpu_seconds_total',
];
const find = (needle: string): string[] => search(needle, names, (name) => name, 10);

it('finds by pieces, in any order', () => {
  expect(find('cpu sec')).toEqual(['node_cpu_seconds_total', 'process_cpu_seconds_total']);
  expect(find('sec node')).toEqual(['node_cpu_seconds_total']);
  expect(find('GC')[0]).toBe('go_gc_duration_seconds');
});

it('finds by initials', () => {
  expect(find('ncpu')).toEqual(['node_cpu_seconds_total']);
  expect(find('nodl')).toEqual([]);
  expect(find('ncdcs')).toEqual(['node_cooling_device_cur_state']);
});

it('refuses letters that are merely somewhere', () => {
  expect(score('mem', 'last 5 minutes')).toBeNull();
  expect(score('xyz', 'node_cpu')).toBeNull();
  expect(find('zzz')).toEqual([]);
});

it('keeps the order for nothing', () => {
  expect(find('  ')).toEqual(names);
});
