// Answers of instant queries as numbers by a label's value, and RED numbers put together of them.
import type { QueryData } from '@/api/query';

/** By the label's value; what is not finite is not there. */
export function numbersBy(data: QueryData | undefined, label: string): Map<string, number> {
  const out = new Map<string, number>();
  if (data?.resultType !== 'vector') return out;
  for (const item of data.result) {
    const value = Number(item.value?.[1] ?? NaN);
    if (Number.isFinite(value)) out.set(item.metric[label] ?? '', value);
  }
  return out;
}

/** Rate, errors, duration. */
export interface Red {
  /** Requests a second. */
  rate: number;
  /** Share of them that failed. */
  errors: number | null;
  /** Seconds. */
  p50: number | null;
  p95: number | null;
  p99: number | null;
  /** Seconds of work a second. */
  busy: number | null;
}

export type RedAnswers = Record<'rate' | 'errors' | 'p50' | 'p95' | 'p99' | 'busy', QueryData | undefined>;

export function readReds(answers: RedAnswers, label: string): Map<string, Red> {
  const rates = numbersBy(answers.rate, label);
  const [errors, p50, p95, p99, busy] = [answers.errors, answers.p50, answers.p95, answers.p99, answers.busy].map(
    (data) => numbersBy(data, label),
  );
  const out = new Map<string, Red>();
  for (const [name, rate] of rates) {
    out.set(name, {
      rate,
      errors: rate > 0 ? Math.min(1, (errors?.get(name) ?? 0) / rate) : null,
      p50: p50?.get(name) ?? null,
      p95: p95?.get(name) ?? null,
      p99: p99?.get(name) ?? null,
      busy: busy?.get(name) ?? null,
    });
  }
  return out;
}

/** Values of range queries on the points of a grid, by a label's value. */
export function coursesBy(
  data: QueryData | undefined,
  label: string,
  grid: { start: number; end: number; step: number },
): Map<string, (number | null)[]> {
  const out = new Map<string, (number | null)[]>();
  if (data?.resultType !== 'matrix') return out;
  const points = Math.floor((grid.end - grid.start) / grid.step + 1e-9) + 1;
  for (const item of data.result) {
    const values = new Array<number | null>(points).fill(null);
    for (const [time, text] of item.values ?? []) {
      const [index, value] = [Math.round((time - grid.start) / grid.step), Number(text)];
      if (index >= 0 && index < points && Number.isFinite(value)) values[index] = value;
    }
    out.set(item.metric[label] ?? '', values);
  }
  return out;
}
