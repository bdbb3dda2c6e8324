// What is asked for when looking for traces: the quick filters, written in the search language.
import { parseSpanDuration } from './duration';

export interface TraceFilter {
  /** In the search language; empty for all. */
  q: string;
  service: string | null;
  operation: string | null;
  errors: boolean;
  /** Pharos's own traces too. */
  own: boolean;
  /** `500ms`; empty for none. */
  min: string;
  max: string;
}

/** What Pharos calls itself in its own spans. */
export const OWN_SERVICE = 'pharos';

/** Whether Pharos's own traces are left out. Whoever asks for services by name is taken at their word. */
export function leavesOutOwn(filter: Pick<TraceFilter, 'q' | 'service' | 'own'>): boolean {
  return !filter.own && filter.service === null && !/(?<![-.\w])service(\.name)?\s*[:=<>~]/.test(filter.q);
}

/** Filters and search together. */
export function composeQuery(filter: Omit<TraceFilter, 'min' | 'max'>): string {
  const parts: string[] = [];
  if (leavesOutOwn(filter)) parts.push(`-service=${OWN_SERVICE}`);
  if (filter.service !== null) parts.push(`service=${quoteValue(filter.service)}`);
  if (filter.operation !== null) parts.push(`name=${quoteValue(filter.operation)}`);
  if (filter.errors) parts.push('status:error');
  return allOf(parts, filter.q);
}

/** Terms of filters, and after them what was typed. */
function allOf(terms: readonly string[], typed: string): string {
  const q = typed.trim();
  if (q === '') return terms.join(' ');
  return [...terms, terms.length > 0 && /\bor\b/i.test(q) ? `(${q})` : q].join(' ');
}

/** A search in what one service sent; null for all. */
export function ofService(q: string, service: string | null): string {
  return service === null ? q : allOf([`service=${quoteValue(service)}`], q);
}

/** Bare where that is safe. */
export function quoteValue(value: string): string {
  if (/^[\w.-]+$/.test(value) && !/^(and|or|not)$/i.test(value)) return value;
  const escaped = value.replace(/(["\\])/g, '\\$1');
  // A search is one line.
  return `"${escaped.replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`;
}

/** `field:value`, of one attribute of a span. */
export function attributeQuery(key: string, value: string | number | boolean): string {
  return `${key}:${typeof value === 'string' ? quoteValue(value) : String(value)}`;
}

/** What is wrong with the limits of the duration; null when nothing is. */
export function durationFault(filter: Pick<TraceFilter, 'min' | 'max'>): string | null {
  const [min, max] = [filter.min, filter.max].map((text) => (text.trim() === '' ? null : parseSpanDuration(text)));
  if (min === undefined || Number.isNaN(min ?? 0)) return `“${filter.min}” is no duration: write 500ms or 1.5s.`;
  if (max === undefined || Number.isNaN(max ?? 0)) return `“${filter.max}” is no duration: write 500ms or 1.5s.`;
  if (min !== null && max !== null && min > max) return 'The shortest duration is above the longest.';
  return null;
}
