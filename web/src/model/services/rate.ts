// Rates as people read them: what happens seldom is counted by the minute or by the hour.
import { formatValue } from '@/lib/format';

const UNITS: ['/s' | '/min' | '/h', number][] = [
  ['/s', 1],
  ['/min', 60],
  ['/h', 3600],
];
/** Less than this of a unit is told in the next. */
const LEAST = 0.1;

export type RateUnit = (typeof UNITS)[number][0];

const unitOf = (rate: number): RateUnit =>
  UNITS.find(([, one]) => rate * one >= LEAST)?.[0] ?? (rate > 0 ? '/h' : '/s');

/** In which all rates of a column are told, so that they compare at a glance: that of the one in their middle. */
export function rateUnit(rates: readonly (number | null | undefined)[]): RateUnit {
  const sorted = rates.filter((rate): rate is number => rate != null && rate > 0).sort((a, b) => a - b);
  return unitOf(sorted[Math.floor(sorted.length / 2)] ?? 0);
}

/** `12.3 /s`, `1.5 /min`, `3 /h`: three digits, as rates are estimates. `rate` is per second. */
export function printRate(rate: number, unit: RateUnit = unitOf(rate)): string {
  const factor = UNITS.find(([one]) => one === unit)?.[1] ?? 1;
  const text = formatValue(Number((rate * factor).toPrecision(3)), 'per-second');
  return unit === '/s' ? text : text.replace(/\/s$/, unit);
}
