// Lines on top of each other: what lies beneath each, and where its own line runs.

export interface Layer {
  /** Where its line runs; null where it has no sample, and along a stretch of zeros: a layer without height has none. */
  line: (number | null)[];
  /** Its lower and upper edge, where anything in the stack has a sample; null where nothing has. */
  floor: (number | null)[];
  roof: (number | null)[];
}

/** Each on top of those before it. Where a layer has no sample, the next ones stand on what is below it. */
export function stack(columns: readonly (number | null)[][]): Layer[] {
  const length = columns[0]?.length ?? 0;
  let below = Array.from({ length }, (_, at): number | null => (columns.some((one) => one[at] != null) ? 0 : null));
  return columns.map((column) => {
    const floor = below;
    const roof = floor.map((base, at) => (base === null ? null : base + (column[at] ?? 0)));
    below = roof;
    return { line: roof.map((top, at) => (isFlat(column, at) ? null : top)), floor, roof };
  });
}

/** Without height here and beside here. */
function isFlat(column: readonly (number | null)[], at: number): boolean {
  const value = column[at];
  if (value == null) return true;
  return value === 0 && (column[at - 1] ?? 0) === 0 && (column[at + 1] ?? 0) === 0;
}
