// Which labels a metric's series have, and how many values each.
import type { Labels } from '@/api/query';
import { NAME } from './labels';

export interface LabelUse {
  name: string;
  /** Most common first. */
  values: { value: string; series: number }[];
}

/** Labels with the most values first: they are what makes a metric large. */
export function labelUse(series: readonly Labels[]): LabelUse[] {
  const byName = new Map<string, Map<string, number>>();
  for (const labels of series) {
    for (const [name, value] of Object.entries(labels)) {
      if (name === NAME) continue;
      const values = byName.get(name) ?? new Map<string, number>();
      values.set(value, (values.get(value) ?? 0) + 1);
      byName.set(name, values);
    }
  }
  return [...byName]
    .map(([name, values]) => ({
      name,
      values: [...values]
        .map(([value, count]) => ({ value, series: count }))
        .sort((a, b) => b.series - a.series || a.value.localeCompare(b.value)),
    }))
    .sort((a, b) => b.values.length - a.values.length || a.name.localeCompare(b.name));
}
