// What the address says of the page, and how it is changed.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { decodeTrace, encodeTrace, type TraceState } from './url';

export function useTraceState(): [TraceState, (part: Partial<TraceState>) => void] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeTrace(search as Record<string, string>), [search]);
  const change = useCallback(
    (part: Partial<TraceState>) => {
      void navigate({
        to: '.',
        search: (previous: object) => ({
          ...previous,
          ...encodeTrace({ ...decodeTrace(previous as Record<string, string>), ...part }),
        }),
        // A view is a step to come back from; what is looked at in it is not.
        replace: part.view === undefined,
      });
    },
    [navigate],
  );
  return [state, change];
}
