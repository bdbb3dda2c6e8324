// How a number moved against the period before, and whether that is good.
import { formatValue } from '@/lib/format';

export type Meaning = 'good' | 'bad' | 'neutral';

export interface Change {
  text: string;
  meaning: Meaning;
  /** Too small to be told from chance: shown quietly. */
  isSmall: boolean;
}

/** `less`: less is better. `any`: neither is. */
export type Better = 'less' | 'any';

/** Smaller moves are the weather. */
const RELATIVE_MIN = 0.15;
/** Of a share of errors, in points: half a percent. */
const POINTS_MIN = 0.005;

/** In percent of what it was; null when one of them is not known. */
export function relativeChange(now: number | null, before: number | null, better: Better): Change | null {
  if (now === null || before === null) return null;
  if (before === 0) return now === 0 ? null : { text: 'new', meaning: 'neutral', isSmall: false };
  const ratio = now / before - 1;
  const isSmall = Math.abs(ratio) < RELATIVE_MIN;
  return { text: signed(ratio), meaning: meaningOf(ratio, isSmall, better), isSmall };
}

/** Of a share, in points. */
export function pointsChange(now: number | null, before: number | null): Change | null {
  if (now === null || before === null) return null;
  const points = now - before;
  if (Math.abs(points) < 5e-5) return null;
  const isSmall = Math.abs(points) < POINTS_MIN;
  const text = `${points < 0 ? '−' : '+'}${formatValue(round(Math.abs(points) * 100))} pt`;
  return { text, meaning: meaningOf(points, isSmall, 'less'), isSmall };
}

function meaningOf(change: number, isSmall: boolean, better: Better): Meaning {
  if (isSmall || better === 'any') return 'neutral';
  return change > 0 ? 'bad' : 'good';
}

/** `+12 %`, `−3 %`, `×4.2` above threefold. */
function signed(ratio: number): string {
  if (ratio >= 2) return `×${formatValue(round(ratio + 1))}`;
  const percent = Math.round(Math.abs(ratio) * 100);
  return percent === 0 ? '±0 %' : `${ratio < 0 ? '−' : '+'}${percent} %`;
}

const round = (value: number): number => Number(value.toPrecision(2));
