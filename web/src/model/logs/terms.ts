// A search, changed by clicks: a field's value wanted, not wanted, taken back.
import { quoteValue } from '@/model/trace/query';
import type { AttributeValue } from '@/api/events';

/** As the search language writes a field: quoted when its name holds what the language uses. */
export function quoteField(name: string): string {
  const isPlain = /^[\p{L}_@$#][\p{L}\p{N}_.@$#%/-]*$/u.test(name) && !/^(and|or|not|exists)$/i.test(name);
  return isPlain ? name : `"${name.replace(/(["\\])/g, '\\$1')}"`;
}

/** `field:value`; null for what cannot be compared: objects, lists, nothing. */
export function fieldTerm(field: string, value: AttributeValue): string | null {
  if (value === null || typeof value === 'object') return null;
  if (value === '') return `${quoteField(field)}=""`;
  return `${quoteField(field)}:${typeof value === 'string' ? quoteValue(value) : String(value)}`;
}

export function not(term: string): string {
  return `-${term}`;
}

/** With the term, once, and without its opposite. */
export function withTerm(q: string, term: string): string {
  const opposite = term.startsWith('-') ? term.slice(1) : not(term);
  const rest = withoutTerm(withoutTerm(q, opposite), term);
  if (rest === '') return term;
  return `${/\bor\b/i.test(rest) && !isGrouped(rest) ? `(${rest})` : rest} ${term}`;
}

/** One pair of parentheses around all of it. */
function isGrouped(q: string): boolean {
  if (!q.startsWith('(')) return false;
  let depth = 0;
  for (let at = 0; at < q.length; at++) {
    if (q[at] === '(') depth += 1;
    if (q[at] === ')') depth -= 1;
    if (depth === 0) return at === q.length - 1;
  }
  return false;
}

export function hasTerm(q: string, term: string): boolean {
  return placeOf(q, term) >= 0;
}

export function withoutTerm(q: string, term: string): string {
  const at = placeOf(q, term);
  if (at < 0) return q.trim();
  return `${q.slice(0, at).trimEnd()} ${q.slice(at + term.length).trimStart()}`.trim();
}

export function toggleTerm(q: string, term: string): string {
  return hasTerm(q, term) ? withoutTerm(q, term) : withTerm(q, term);
}

/** Where the term stands by itself: not inside a word, a quoted text or a group. */
function placeOf(q: string, term: string): number {
  let [isQuoted, depth] = [false, 0];
  for (let at = 0; at < q.length; at++) {
    const isStart = at === 0 || /\s/.test(q[at - 1] ?? '');
    const end = q[at + term.length];
    if (!isQuoted && depth === 0 && isStart && q.startsWith(term, at) && (end === undefined || /\s/.test(end))) {
      return at;
    }
    if (q[at] === '\\') at += 1;
    else if (q[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && q[at] === '(') depth += 1;
    else if (!isQuoted && q[at] === ')') depth -= 1;
  }
  return -1;
}
