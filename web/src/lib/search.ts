// Addresses as flat names and texts: `?a=up&from=now-1h`. No JSON, so that people can read and write them.

export type Search = Record<string, string>;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Nothing is written for what is absent or empty. */
export function printSearch(search: Record<string, unknown>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') out.set(name, value);
  }
  const text = out.toString();
  return text === '' ? '' : `?${text}`;
}
