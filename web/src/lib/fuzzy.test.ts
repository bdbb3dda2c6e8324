import { expect, it } from 'vitest';
import { score, search } from './fuzzy';

const names = ['go_gc_duration_seconds', 'node_cpu_seconds_total', 'node_cooling_device_cur_state', 'process_cpu_seconds_total'];
const find = (needle: string): string[] => search(needle, names, (name) => name, 10);

it('finds by pieces, starts of words first', () => {
  expect(find('ncpu')[0]).toBe('node_cpu_seconds_total');
  expect(find('cpu sec')).toEqual(['node_cpu_seconds_total', 'process_cpu_seconds_total']);
  expect(find('GC')[0]).toBe('go_gc_duration_seconds');
});

it('refuses letters that are not there', () => {
  expect(score('xyz', 'node_cpu')).toBeNull();
  expect(find('zzz')).toEqual([]);
});

it('keeps the order for nothing', () => {
  expect(find('  ')).toEqual(names);
});
