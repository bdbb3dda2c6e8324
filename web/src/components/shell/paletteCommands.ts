// Commands of the palette that are made of what was typed, of what was asked before, and of what the server knows.
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTop } from '@/components/services/useTop';
import { loadPast, type PastOf } from '@/model/history';
import { keepShell } from './shellUrl';

export interface Command {
  id: string;
  group: 'Search' | 'Go to' | 'Do' | 'Recent' | 'Metrics';
  title: string;
  hint?: string | undefined;
  words?: string;
  keys?: string;
  isCode?: boolean;
  run: () => void;
}

/** What was asked in this browser, in every language, the newest first. */
export function pastCommands(open: (of: PastOf, query: string) => void): Command[] {
  const titles = { promql: undefined, log: 'Logs', span: 'Traces' };
  return (['promql', 'log', 'span'] as const)
    .flatMap((of) => loadPast(of).map((past) => ({ ...past, of })))
    .sort((a, b) => b.at - a.at)
    .map(({ of, query }) => ({
      id: `past-${of}-${query}`,
      group: 'Recent' as const,
      title: query,
      hint: titles[of],
      isCode: true,
      run: () => open(of, query),
    }));
}

const TRACE_ID = /^[0-9a-f]{32}$/i;

/** What the text itself may be: a trace, words of logs or traces. */
export function useSearches(text: string): Command[] {
  const navigate = useNavigate();
  return useMemo(() => {
    const words = text.trim();
    if (words === '') return [];
    const goTo = (to: '/logs' | '/traces', q: string) => () =>
      void navigate({ to, search: (all: object) => ({ ...keepShell(all), q }) });
    const isTrace = TRACE_ID.test(words);
    const trace: Command = {
      id: 'open-trace',
      group: 'Search',
      title: 'Open this trace',
      run: () => void navigate({ to: `/traces/${words.toLowerCase()}`, search: keepShell }),
    };
    const q = isTrace ? `trace_id:${words.toLowerCase()}` : words;
    return [
      ...(isTrace ? [trace] : []),
      { id: 'search-logs', group: 'Search', title: 'Search logs', hint: q, run: goTo('/logs', q) },
      { id: 'search-traces', group: 'Search', title: 'Search traces', hint: q, run: goTo('/traces', q) },
    ];
  }, [navigate, text]);
}

/** A service leads to its page. */
export function useServices(): Command[] {
  const navigate = useNavigate();
  const { values } = useTop('span', 'service', '', true);
  return useMemo(
    () =>
      values
        .filter((name) => name !== '')
        .map((name) => ({
          id: `service-${name}`,
          group: 'Go to' as const,
          title: `Service: ${name}`,
          run: () => void navigate({ to: '/services/$service', params: { service: name }, search: keepShell }),
        })),
    [navigate, values],
  );
}
