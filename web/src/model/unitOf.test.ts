import { describe, expect, it } from 'vitest';
import type { Unit } from '@/lib/format';
import { unitOf, unitOfMetric } from './unitOf';

describe('metrics', () => {
  it.each<[string, Unit]>([
    ['node_memory_MemFree_bytes', 'bytes'],
    ['process_cpu_seconds_total', 'seconds'],
    ['http_requests_total', 'count'],
    ['http_request_duration_seconds_bucket', 'count'],
    ['http_request_duration_seconds_sum', 'seconds'],
    ['http_request_duration_seconds_count', 'count'],
    ['process_start_time_seconds', 'timestamp'],
    ['node_boot_time_seconds', 'timestamp'],
    ['node_hwmon_temp_celsius', 'celsius'],
    ['up', 'none'],
    ['cache_hit_ratio', 'ratio'],
  ])('%s counts %s', (name, unit) => {
    expect(unitOfMetric(name)).toBe(unit);
  });

  it('believes a declared unit', () => {
    expect(unitOfMetric('whatever', 'bytes')).toBe('bytes');
  });
});

describe('queries', () => {
  it.each<[string, Unit]>([
    ['rate(node_network_receive_bytes_total[5m])', 'bytes/s'],
    ['rate(node_network_receive_bytes_total[5m]) * 8', 'bits/s'],
    ['sum by (job) (rate(http_requests_total[5m]))', 'per-second'],
    ['rate(process_cpu_seconds_total[5m])', 'ratio'],
    ['100 * rate(process_cpu_seconds_total[5m])', 'none'],
    ['histogram_quantile(0.99, sum by (le) (rate(x_duration_seconds_bucket[5m])))', 'seconds'],
    ['histogram_quantile(0.9, sum by (le) (rate(x_duration_milliseconds_bucket[5m])))', 'milliseconds'],
    ['histogram_quantile(0.9, rate(request_size_bytes[5m]))', 'bytes'],
    ['rate(x_seconds_sum[5m]) / rate(x_seconds_count[5m])', 'seconds'],
    ['node_filesystem_avail_bytes / node_filesystem_size_bytes', 'ratio'],
    ['time() - process_start_time_seconds', 'seconds'],
    ['1 - (a_bytes / b_bytes)', 'ratio'],
    ['count(up)', 'count'],
    ['topk(5, node_memory_MemFree_bytes)', 'bytes'],
    ['avg_over_time(node_memory_MemFree_bytes[1h:1m] offset 5m)', 'bytes'],
    ['increase(http_requests_total[1h])', 'count'],
    ['a_bytes > bool 5', 'bool'],
    ['a_bytes > 5', 'bytes'],
    ['{__name__="a_bytes"}', 'bytes'],
    ['{"a.bytes", job="x"}', 'bytes'],
    ['-node_memory_MemFree_bytes', 'bytes'],
    ['node_memory_MemFree_bytes / 1024', 'none'],
    ['a_seconds * 1000', 'none'],
    ['quantile(0.5, a_seconds)', 'seconds'],
    ['up == 1 and a_bytes', 'none'],
    ['', 'none'],
    ['rate(', 'none'],
  ])('%s counts %s', (query, unit) => {
    expect(unitOf(query)).toBe(unit);
  });
});
