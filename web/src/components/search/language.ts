// The search language's colours in the editor.
import { HighlightStyle, StreamLanguage, syntaxHighlighting, type StreamParser } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { tags } from '@lezer/highlight';
import { tokensOf, type Token, type TokenKind } from './tokens';

const TAGS: Partial<Record<TokenKind, string>> = {
  field: 'propertyName',
  operator: 'operator',
  value: 'variableName',
  string: 'string',
  regex: 'regexp',
  number: 'number',
  keyword: 'keyword',
  not: 'keyword',
  paren: 'bracket',
};

interface State {
  line: string;
  tokens: Token[];
}

const parser: StreamParser<State> = {
  startState: () => ({ line: '', tokens: [] }),
  token: (stream, state) => {
    if (stream.sol() || state.line !== stream.string) {
      state.line = stream.string;
      state.tokens = tokensOf(stream.string);
    }
    const token = state.tokens.find((one) => one.to > stream.pos);
    if (token === undefined) {
      stream.skipToEnd();
      return null;
    }
    stream.pos = token.to;
    return TAGS[token.kind] ?? null;
  },
};

const regex = HighlightStyle.define([{ tag: tags.regexp, color: 'var(--code-keyword)' }]);

export const searchLanguage: Extension = [StreamLanguage.define(parser), syntaxHighlighting(regex)];
