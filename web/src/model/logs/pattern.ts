// Patterns: templates of lines, with what differs between them taken out.
import type { WirePattern, WirePatterns } from '@/api/events';
import { parseInstant, toMillis } from '@/model/trace/instant';
import { SEVERITIES, severityNamed, type Severity } from './severity';

export interface Pattern {
  template: string;
  count: number;
  /** Of all lines looked at. */
  share: number;
  /** The most severe first. */
  mix: { key: Severity; count: number }[];
  counts: number[];
  sample: WirePattern['sample'];
  first: number;
  last: number;
}

export function readPatterns(wire: WirePatterns): Pattern[] {
  const lines = wire.lines ?? wire.patterns.reduce((sum, one) => sum + one.count, 0);
  const millis = (text: string): number => {
    const at = parseInstant(text);
    return at === null ? 0 : toMillis(at);
  };
  return wire.patterns.map((one) => ({
    template: one.template,
    count: one.count,
    share: lines > 0 ? one.count / lines : 0,
    mix: mixOf(one.severity),
    counts: one.counts,
    sample: one.sample,
    first: millis(one.first),
    last: millis(one.last),
  }));
}

function mixOf(severity: Record<string, number>): Pattern['mix'] {
  const counts = new Map<Severity, number>();
  for (const [name, count] of Object.entries(severity)) {
    const key = severityNamed(name);
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return SEVERITIES.flatMap((key) => {
    const count = counts.get(key) ?? 0;
    return count === 0 ? [] : [{ key, count }];
  });
}

export interface Piece {
  text: string;
  isGap: boolean;
}

const GAP = /<(?:\*|num|id|ip|time)>/g;
/** A colour of a terminal, its number taken for one. */
const COLOUR = /\u001b\[(?:<num>|[\d;])*m/g;

/** What stays and what differs, as it is shown. */
export function shownPieces(template: string): Piece[] {
  return piecesOf(template.replace(COLOUR, ''));
}

export function piecesOf(template: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const match of template.matchAll(GAP)) {
    if (match.index > at) out.push({ text: template.slice(at, match.index), isGap: false });
    out.push({ text: match[0], isGap: true });
    at = match.index + match[0].length;
  }
  if (at < template.length) out.push({ text: template.slice(at), isGap: false });
  return out;
}

/** Longer searches are refused; the first phrases tell a template from others well enough. */
const PHRASES_MAX = 12;

/**
 * A search that finds the lines of a template: its words, together where they stand together. A word that touches a
 * gap is only a part of one, and words are found whole: it is left out.
 */
export function patternQuery(template: string): string {
  const pieces = piecesOf(template);
  const phrases = pieces.flatMap((piece, index) => {
    if (piece.isGap) return [];
    let { text } = piece;
    if (index > 0) text = text.replace(/^[\p{L}\p{N}_]+/u, '');
    if (index < pieces.length - 1) text = text.replace(/[\p{L}\p{N}_]+$/u, '');
    const words = text.replace(/^[^\p{L}\p{N}_]+|[^\p{L}\p{N}_]+$/gu, '');
    return words === '' ? [] : [words];
  });
  return [...new Set(phrases)]
    .slice(0, PHRASES_MAX)
    .map((phrase) =>
      /^[\p{L}_][\p{L}\p{N}_]*$/u.test(phrase) && !/^(and|or|not)$/i.test(phrase) ? phrase : quote(phrase),
    )
    .join(' ');
}

const quote = (text: string): string => `"${text.replace(/(["\\])/g, '\\$1')}"`;

export type PatternOrder = 'count' | 'rare' | 'severity' | 'new';

export function sortPatterns(patterns: readonly Pattern[], order: PatternOrder): Pattern[] {
  const worst = (one: Pattern): number => SEVERITIES.indexOf(one.mix[0]?.key ?? 'unknown');
  const by: Record<PatternOrder, (a: Pattern, b: Pattern) => number> = {
    count: (a, b) => b.count - a.count,
    rare: (a, b) => a.count - b.count,
    severity: (a, b) => worst(a) - worst(b) || b.count - a.count,
    new: (a, b) => b.first - a.first,
  };
  return [...patterns].sort(by[order]);
}
