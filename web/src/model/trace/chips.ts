// How many of some names fit into a line.

export interface Fitting {
  count: number;
  /** Where they end, in pixels from the left. */
  end: number;
}

/** `rights` is where each name ends; those that do not fit need `more` pixels for the word that says how many. */
export function fitting(rights: readonly number[], total: number, room: number, more: number): Fitting {
  const all = rights.at(-1) ?? 0;
  if (rights.length >= total && all <= room) return { count: total, end: all };
  let count = 0;
  while (count < rights.length && (rights[count] ?? 0) <= room - more) count += 1;
  return { count, end: rights[count - 1] ?? 0 };
}
