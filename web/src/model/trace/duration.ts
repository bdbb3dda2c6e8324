// Durations of spans as people write them: 500ms, 1.5s, 20us. Finer than those of PromQL.

const UNITS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds; NaN for what is none. */
export function parseSpanDuration(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ns|us|µs|μs|ms|s|m|h)/g)];
  const isWhole =
    parts.length > 0 && parts.map((part) => part[0]).join('') === text.trim().replace(/(?<=[a-zµμ])\s+/g, '');
  if (!isWhole) return NaN;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? NaN), 0);
}

/** As the search language and the server read it: exact enough for a limit, three digits. */
export function printSpanDuration(nanoseconds: number): string {
  for (const [unit, size] of [
    ['s', 1e9],
    ['ms', 1e6],
    ['us', 1e3],
  ] as const) {
    if (nanoseconds >= size) return `${Number((nanoseconds / size).toPrecision(3))}${unit}`;
  }
  return `${Math.round(nanoseconds)}ns`;
}
