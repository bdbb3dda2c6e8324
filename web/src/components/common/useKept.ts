import { useState } from 'react';

/** What was there before it failed: a question that cannot be answered takes nothing away. */
export function useKept<T>(value: T | undefined, hasFailed: boolean): T | undefined {
  const [kept, setKept] = useState(value);
  if (value !== undefined && value !== kept) setKept(value);
  return value ?? (hasFailed ? kept : undefined);
}
