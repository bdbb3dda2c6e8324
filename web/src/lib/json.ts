// JSON whose whole numbers are kept to the last digit: ids of 64 bits are common, and a double holds 53.

/** Sixteen digits in a row are the fewest that a double cannot hold. */
const LONG = /\d{16}/;

/** Whole numbers that would change become text of the same digits. */
export function parseExact(text: string): unknown {
  return LONG.test(text) ? revive(text, (digits) => digits) : JSON.parse(text);
}

/** Laid out, with every number as it was; throws when it is no JSON. */
export function prettyExact(text: string): string {
  if (!LONG.test(text)) return JSON.stringify(JSON.parse(text), null, 2);
  const marked = revive(text, (digits) => `${MARK}${digits}`);
  return JSON.stringify(marked, null, 2).replace(MARKED, '$1');
}

/** Of private use: no sender writes it before a number. */
const MARK = '\ue000\ue001';
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** What a reviver is told beside the value: the number as it was written. Older browsers tell nothing. */
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

function revive(text: string, keep: (digits: string) => string): unknown {
  const reviver: Reviver = (_, value, context) => {
    const source = context?.source;
    const isLost = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
    // `1e300` is no id.
    return isLost && source !== undefined && /^-?\d+$/.test(source) ? keep(source) : value;
  };
  return JSON.parse(text, reviver);
}
