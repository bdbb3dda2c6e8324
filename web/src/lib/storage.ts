// What this browser remembers. Storage may be blocked or full: then it remembers nothing, and nothing breaks.

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`pharos.${key}`, JSON.stringify(value));
  } catch {
    // Forgetting is the only harm.
  }
}

/** `check` decides whether what was stored, perhaps by another version, is still understood. */
export function recall<T>(key: string, check: (value: unknown) => value is T, otherwise: T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`pharos.${key}`) ?? 'null');
    return check(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
