// A metric as the browser lists it, and the queries that suit its kind.
import type { TsdbStat } from '@/api/status';
import type { WireMetadata } from '@/api/metadata';
import { search } from '@/lib/fuzzy';
import { metricSelector } from './labels';

export interface Metric {
  name: string;
  /** counter, gauge, histogram, summary, info, stateset, unknown */
  type: string;
  help: string;
  unit: string;
  /** Null when the server did not count it. */
  series: number | null;
}

const PARTS = /_(bucket|count|sum|total|created)$/;

export function listMetrics(
  names: readonly string[],
  about: Record<string, WireMetadata[]>,
  counts: readonly TsdbStat[],
): Metric[] {
  const seriesOf = new Map(counts.map((one) => [one.name, one.value]));
  return [...names].sort().map((name) => {
    const found = (about[name] ?? about[name.replace(PARTS, '')])?.[0];
    return {
      name,
      type: found?.type ?? 'unknown',
      help: found?.help ?? '',
      unit: found?.unit ?? '',
      series: seriesOf.get(name) ?? null,
    };
  });
}

export type MetricOrder = 'name' | 'series';

export function findMetrics(
  metrics: readonly Metric[],
  text: string,
  type: string | null,
  order: MetricOrder,
): Metric[] {
  const ofType = type === null ? metrics : metrics.filter((metric) => metric.type === type);
  const found =
    text.trim() === '' ? [...ofType] : search(text, ofType, (metric) => `${metric.name} ${metric.help}`, ofType.length);
  return order === 'series' ? found.sort((a, b) => (b.series ?? -1) - (a.series ?? -1)) : found;
}

export interface Starter {
  title: string;
  query: string;
}

/** What is usually asked of such a metric, the most usual first. */
export function starters(metric: Pick<Metric, 'name' | 'type'>): Starter[] {
  const { name, type } = metric;
  const selector = metricSelector(name);
  const plain = { title: 'As it is', query: selector };
  if (name.endsWith('_bucket')) {
    return [
      { title: '99th percentile', query: `histogram_quantile(0.99, sum by (le) (rate(${selector}[5m])))` },
      { title: 'Median', query: `histogram_quantile(0.5, sum by (le) (rate(${selector}[5m])))` },
      plain,
    ];
  }
  if (type === 'histogram' && !/_(count|sum)$/.test(name)) {
    return [
      { title: '99th percentile', query: `histogram_quantile(0.99, sum(rate(${selector}[5m])))` },
      { title: 'Mean', query: `histogram_avg(rate(${selector}[5m]))` },
      plain,
    ];
  }
  if (type === 'counter' || /_(total|count|sum)$/.test(name)) {
    return [
      { title: 'Per second', query: `rate(${selector}[5m])` },
      { title: 'Per second, by job', query: `sum by (job) (rate(${selector}[5m]))` },
      { title: 'Growth in an hour', query: `increase(${selector}[1h])` },
      plain,
    ];
  }
  return [
    plain,
    { title: 'Mean by job', query: `avg by (job) (${selector})` },
    { title: 'Largest five', query: `topk(5, ${selector})` },
  ];
}
