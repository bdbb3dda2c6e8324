// Where in a query the server found its fault: `1:8: parse error: unexpected …`, line and column from 1.

export interface Fault {
  message: string;
  /** Offsets into the query; null when the server named no place. */
  place: { from: number; to: number } | null;
  line: number | null;
  column: number | null;
}

const PREFIX = /^(?:invalid parameter "?query"?:\s*)?/;
const PLACE = /^(?:at )?(\d+):(\d+): (?:parse error: )?/;

export function readFault(message: string, query: string): Fault {
  const bare = message.replace(PREFIX, '');
  const match = PLACE.exec(bare);
  if (match === null) return { message: bare, place: null, line: null, column: null };
  const [line, column] = [Number(match[1]), Number(match[2])];
  const start = query
    .split('\n')
    .slice(0, line - 1)
    .reduce((sum, text) => sum + text.length + 1, 0);
  const from = Math.min(start + Math.max(0, column - 1), query.length);
  const word = /^[\w:.]+|^"[^"]*"?|^\S/.exec(query.slice(from))?.[0] ?? '';
  return { message: bare.slice(match[0].length), place: { from, to: from + Math.max(1, word.length) }, line, column };
}
