// The search language in pieces, for its colours. The server alone decides what it means: whatever is here taken for
// a word may still be refused there.

export type TokenKind =
  'field' | 'operator' | 'value' | 'string' | 'regex' | 'number' | 'keyword' | 'not' | 'paren' | 'word' | 'blank';

export interface Token {
  kind: TokenKind;
  from: number;
  to: number;
}

const RULES: [TokenKind, RegExp][] = [
  ['blank', /\s+/y],
  ['paren', /[()]/y],
  ['string', /"(?:[^"\\]|\\.)*"?/y],
  // As the server reads them: a quote that nothing touches ends them.
  ['string', /'.*?'(?=[\s),:=]|$)/y],
  ['string', /`.*?`(?=[\s),:=]|$)/y],
  ['keyword', /(?:and|or|not|in)(?=[\s()]|$)/iy],
  ['not', /-(?=[^\s\d])/y],
  ['field', /[\p{L}_@][\p{L}\p{N}_.@/-]*(?=\s*(?:[:=<>]|!=))/uy],
  ['operator', /!=|>=|<=|[:=<>]/y],
  ['word', /[^\s()":=<>]+/y],
];

const NUMBER = /^-?\d+(?:\.\d+)?(?:ns|us|µs|ms|[smhdw]|[KMGT]i?B|B|%)?$/i;

export function tokensOf(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = next(text, at, out);
    out.push(token);
    at = token.to;
  }
  return out;
}

function next(text: string, at: number, before: readonly Token[]): Token {
  const last = before.findLast((token) => token.kind !== 'blank');
  const isValue = last?.kind === 'operator';
  const regex = takes(isValue || last?.kind !== 'word' ? /\/(?:[^/\\]|\\.)+\/(?=[\s()]|$)/y : null, text, at);
  if (regex !== null) return { kind: 'regex', from: at, to: regex };
  const range = takes(isValue ? /[[{]\S+ (?:TO|to) \S+[\]}]/y : null, text, at);
  if (range !== null) return { kind: 'number', from: at, to: range };
  for (const [kind, rule] of RULES) {
    if (isValue && (kind === 'field' || kind === 'keyword' || kind === 'not')) continue;
    const to = takes(rule, text, at);
    if (to === null) continue;
    return { kind: kind === 'word' ? wordKind(text.slice(at, to), isValue) : kind, from: at, to };
  }
  return { kind: 'word', from: at, to: at + 1 };
}

function wordKind(word: string, isValue: boolean): TokenKind {
  if (!isValue) return 'word';
  return NUMBER.test(word) ? 'number' : 'value';
}

/** Where the rule's match that begins at `at` ends. */
function takes(rule: RegExp | null, text: string, at: number): number | null {
  if (rule === null) return null;
  rule.lastIndex = at;
  return rule.test(text) && rule.lastIndex > at ? rule.lastIndex : null;
}
