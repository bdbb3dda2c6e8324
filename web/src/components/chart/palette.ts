// The colours of lines, read from tokens.css: a canvas cannot resolve variables by itself.

/** How many colours tokens.css has; after them lines repeat them dashed. */
export const COLOURS = 10;

const DASHES: number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export interface Ink {
  series: string[];
  text: string;
  muted: string;
  bad: string;
  line: string;
  surface: string;
  mono: string;
}

export function readInk(): Ink {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    series: Array.from({ length: COLOURS }, (_, index) => token(`--series-${index + 1}`)),
    text: token('--text'),
    muted: token('--text-3'),
    bad: token('--bad'),
    line: token('--line'),
    surface: token('--surface'),
    mono: token('--font'),
  };
}

/** For styles, where variables work. */
export function colourOf(index: number, isBad = false): string {
  if (isBad) return 'var(--bad)';
  return `var(--series-${(index % COLOURS) + 1})`;
}

export function dashOf(index: number): number[] {
  return DASHES[Math.floor(index / COLOURS) % DASHES.length] ?? [];
}

/** `#rrggbb` with an opacity of 0–1. */
export function fade(hex: string, opacity: number): string {
  return `${hex}${Math.round(opacity * 255)
    .toString(16)
    .padStart(2, '0')}`;
}
