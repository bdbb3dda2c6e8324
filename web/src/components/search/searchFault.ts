// What the server says is wrong with a search, and where.
import { ApiError, RefusedError } from '@/api/client';

export interface SearchFault {
  message: string;
  hint: string | null;
  line: number | null;
  column: number | null;
  /** In the text; null when the server named no place. */
  place: { from: number; to: number } | null;
}

/**
 * Null when the error is not about the search itself. `asked` is what the server was asked, which may have more before
 * the text and a bracket behind it: the place is that in the text.
 */
export function readSearchFault(error: unknown, text: string, asked = text): SearchFault | null {
  if (!(error instanceof ApiError) || (error.status !== 400 && error.status !== 422)) return null;
  // Another parameter, or too much of an answer.
  if (error instanceof RefusedError && error.type !== 'bad_query') return null;
  const position = error instanceof RefusedError ? error.position : null;
  const hint = error instanceof RefusedError ? error.hint : null;
  if (position === null) return { message: error.message, hint, line: null, column: null, place: null };
  const { line } = position;
  // Terms that come before the text are on its first line.
  const before = line === 1 ? [...asked.slice(0, Math.max(0, asked.lastIndexOf(text)))].length : 0;
  const column = Math.min(Math.max(1, position.column - before), [...text].length + 1);
  return { message: error.message, hint, line, column, place: placeOf(text, line, column) };
}

/** The word that begins or lies at a line and column, both from 1; columns count characters. */
function placeOf(text: string, line: number, column: number): { from: number; to: number } {
  const lines = text.split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const within = [...(lines[line - 1] ?? '')].slice(0, column - 1).join('').length;
  const from = Math.min(text.length, before + within);
  const word = /^[^\s()]+/.exec(text.slice(from));
  return { from, to: from + Math.max(1, word?.[0].length ?? 1) };
}
