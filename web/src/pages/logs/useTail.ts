// Lines as they come, over server-sent events.
import { useCallback, useEffect, useReducer, useState } from 'react';
import { searchEvents, tailAddress, tailRefusal, type WireLog } from '@/api/events';
import { parseExact } from '@/lib/json';
import { LIST_CLIP_BYTES, readLine } from '@/model/logs/line';
import { EMPTY_TAIL, nextTail, type Tail } from '@/model/logs/tail';

/** Lines are drawn so often, however many come. */
const DRAW_MS = 250;
/** A tail begins with what was there. */
const BEGIN_LINES = 100;
const BEGIN_SECONDS = 900;

export type Connection = 'connecting' | 'open' | 'broken' | 'closed';

export interface LiveTail {
  tail: Tail;
  connection: Connection;
  /** Why it could not begin. */
  error: unknown;
  pause: () => void;
  resume: () => void;
}

export function useTail(q: string, enabled: boolean): LiveTail {
  const [tail, send] = useReducer(nextTail, EMPTY_TAIL);
  const [connection, setConnection] = useState<Connection>('connecting');
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    if (!enabled) return undefined;
    const control = new AbortController();
    let source: EventSource | null = null;
    let buffer: WireLog[] = [];
    const timer = setInterval(() => {
      if (buffer.length === 0) return;
      const events = buffer;
      buffer = [];
      send({ kind: 'events', events, now: Date.now() });
    }, DRAW_MS);
    setConnection('connecting');
    setError(null);
    const begin = async (): Promise<void> => {
      const now = Date.now() / 1000;
      const query = { kind: 'log' as const, q, start: now - BEGIN_SECONDS, end: now + 60 };
      try {
        // A search that cannot be read is refused here, with the place of the fault.
        const found = await searchEvents(query, { limit: BEGIN_LINES, clip: LIST_CLIP_BYTES }, control.signal);
        send({ kind: 'begin', lines: found.events.map(readLine) });
      } catch (fault) {
        if (control.signal.aborted) return;
        setError(fault);
        setConnection('closed');
        return;
      }
      source = new EventSource(tailAddress('log', q, LIST_CLIP_BYTES));
      source.addEventListener('open', () => setConnection('open'));
      source.addEventListener('events', (event) => buffer.push(...(parseExact(String(event.data)) as WireLog[])));
      source.addEventListener('dropped', (event) => {
        send({ kind: 'dropped', count: (JSON.parse(String(event.data)) as { count: number }).count });
      });
      source.addEventListener('error', () => {
        const closed = source?.readyState === EventSource.CLOSED;
        setConnection(closed ? 'closed' : 'broken');
        if (!closed) return;
        void tailRefusal('log', q, LIST_CLIP_BYTES, control.signal).then((why) => {
          if (!control.signal.aborted) setError(why);
        });
      });
    };
    void begin();
    return () => {
      control.abort();
      clearInterval(timer);
      source?.close();
      send({ kind: 'begin', lines: [] });
    };
  }, [q, enabled]);

  const pause = useCallback(() => send({ kind: 'pause' }), []);
  const resume = useCallback(() => send({ kind: 'resume' }), []);
  return { tail, connection, error, pause, resume };
}
