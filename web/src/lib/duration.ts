// Durations as PromQL writes them: 1h30m, 15s, 500ms.
import { millis, type Millis } from './brand';

const UNITS: [string, number][] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

const SHAPE = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Null for anything that is not a positive duration. */
export function parseDuration(text: string): Millis | null {
  const match = SHAPE.exec(text.trim());
  if (match === null || text.trim() === '') return null;
  const total = UNITS.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0);
  return total > 0 ? millis(total) : null;
}

/** Exact, in the largest units that divide it: 5400000 → 1h30m. */
export function printDuration(value: Millis): string {
  let rest = Math.round(value);
  if (rest <= 0) return '0s';
  let out = '';
  for (const [name, size] of UNITS) {
    // Years and weeks read worse than days: 400d, not 1y35d.
    if (name === 'y' || name === 'w') continue;
    const count = Math.floor(rest / size);
    if (count > 0) out += `${count}${name}`;
    rest -= count * size;
  }
  return out;
}
