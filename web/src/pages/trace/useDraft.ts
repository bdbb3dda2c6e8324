// A part of the address that changes faster than the address may: kept here at once, written a moment later.
import { useCallback, useEffect, useRef, useState } from 'react';

/** Browsers refuse addresses that change more than some hundred times in half a minute. */
const WRITE_MS = 200;

export function useDraft<T>(known: T, write: (value: T) => void): [T, (value: T) => void] {
  const [state, setState] = useState({ known, written: known, value: known });
  // Back, or a link: what the address says counts, except for the echo of what was written.
  if (state.known !== known) {
    setState({ known, written: known, value: known === state.written ? state.value : known });
  }
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(write);
  useEffect(() => {
    latest.current = write;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = useCallback((value: T) => {
    setState((before) => ({ ...before, value }));
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setState((before) => ({ ...before, written: value }));
      latest.current(value);
    }, WRITE_MS);
  }, []);
  return [state.value, set];
}
