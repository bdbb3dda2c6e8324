// Rates as people read them: what happens seldom is counted by the minute or by the hour.
import { formatValue } from '@/lib/format';

const UNITS: [string, number][] = [
  ['/s', 1],
  ['/min', 60],
  ['/h', 3600],
];
/** Less than this of a unit is told in the next. */
const LEAST = 0.1;

/** `12.3 /s`, `1.5 /min`, `3 /h`: three digits, as rates are estimates. `rate` is per second. */
export function printRate(rate: number): string {
  const [unit, factor] = UNITS.find(([, one]) => rate * one >= LEAST) ?? (rate > 0 ? UNITS[2] : UNITS[0]) ?? ['/s', 1];
  const text = formatValue(Number((rate * factor).toPrecision(3)), 'per-second');
  return unit === '/s' ? text : text.replace(/\/s$/, unit);
}
