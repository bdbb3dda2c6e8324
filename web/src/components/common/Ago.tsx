import { formatAgo } from '@/lib/format';
import { useNow } from '@/lib/useNow';

/** How long ago something was, living. `at` in milliseconds since 1970. */
export function Ago({ at }: { at: number }) {
  const now = useNow();
  return (
    <time className="num" dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>
      {formatAgo(Math.max(0, now - at))}
    </time>
  );
}
