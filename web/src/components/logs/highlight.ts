// Which words of a message a search was for.
import { tokensOf } from '@/components/search/tokens';

export interface HighlightPiece {
  text: string;
  isHit: boolean;
}

/** More marks than this make a page of marks. */
const HITS_MAX = 100;
const FREE_TEXT = new Set(['body', 'message', 'msg', 'log']);
const WORD = '[\\p{L}\\p{N}_]';
/** Scripts that set no spaces between words: there a word has no edges. */
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const STARTS = new RegExp(`^(?![${UNSPACED}])${WORD}`, 'u');
const ENDS = new RegExp(`(?![${UNSPACED}])${WORD}$`, 'u');

/** Null when the search is for no words. */
export function highlighter(q: string): RegExp | null {
  const parts: string[] = [];
  let [isNegated, field] = [false, ''];
  // Whether the words of each open group are of the message.
  const groups: boolean[] = [];
  for (const token of tokensOf(q)) {
    const text = q.slice(token.from, token.to);
    if (token.kind === 'blank') continue;
    if (token.kind === 'not' || (token.kind === 'keyword' && text.toLowerCase() === 'not')) isNegated = true;
    else if (token.kind === 'field') field = text.toLowerCase();
    else if (text === '(') {
      groups.push((groups.at(-1) ?? true) && !isNegated && (field === '' || FREE_TEXT.has(field)));
      [isNegated, field] = [false, ''];
    } else if (text === ')') groups.pop();
    else if (token.kind !== 'operator' && token.kind !== 'keyword') {
      const isWanted = !isNegated && (groups.at(-1) ?? true) && (field === '' || FREE_TEXT.has(field));
      if (isWanted) parts.push(...sourceOf(token.kind, text));
      [isNegated, field] = [false, ''];
    }
  }
  if (parts.length === 0) return null;
  try {
    return new RegExp(parts.join('|'), 'giu');
  } catch {
    // The server's regular expressions are not quite the browser's.
    return null;
  }
}

function sourceOf(kind: string, text: string): string[] {
  if (kind === 'regex') return isRegex(text.slice(1, -1)) ? [`(?:${text.slice(1, -1)})`] : [];
  if (kind === 'string') {
    const inner = text.startsWith('"') ? text.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1') : text.slice(1, -1);
    const phrase = inner.trim();
    return phrase === '' ? [] : [phrase.split(/\s+/).map(escape).join('\\s+')];
  }
  const body = text.split(/([*?])/).map((part) => (part === '*' ? `${WORD}*` : part === '?' ? WORD : escape(part)));
  if (text.replace(/[*?]/g, '') === '') return [];
  const before = STARTS.test(text) ? `(?<!${WORD})` : '';
  const after = ENDS.test(text) ? `(?!${WORD})` : '';
  return [`${before}${body.join('')}${after}`];
}

function isRegex(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

export function splitByHits(text: string, pattern: RegExp | null): HighlightPiece[] {
  if (pattern === null) return [{ text, isHit: false }];
  const out: HighlightPiece[] = [];
  let [at, hits] = [0, 0];
  for (const match of text.matchAll(pattern)) {
    if (match[0] === '') continue;
    if (match.index > at) out.push({ text: text.slice(at, match.index), isHit: false });
    out.push({ text: match[0], isHit: true });
    at = match.index + match[0].length;
    if (++hits >= HITS_MAX) break;
  }
  if (at < text.length) out.push({ text: text.slice(at), isHit: false });
  return out;
}
