// What a line holds beside its message, in the parts that people know.
import type { AttributeValue, Attributes, WireLog } from '@/api/events';
import { bodyPairs } from './columns';

export interface Pair {
  /** As it is shown. */
  key: string;
  /** As a search names it. */
  field: string;
  value: AttributeValue;
}

export interface Part {
  title: string;
  pairs: Pair[];
}

/** What these mean in a search is taken: an attribute of that name is asked for with a prefix. */
const TAKEN = new Set(
  'time observed_time severity severity_text body event_name trace_id span_id service environment release host user'
    .split(' ')
    .concat('level message msg log trace span svc env timestamp flags'.split(' ')),
);

export function partsOf(wire: WireLog): Part[] {
  const { scope } = wire;
  const built: [string, AttributeValue | undefined][] = [
    ['service', wire.service],
    ['severity_text', wire.severity_text],
    ['event_name', wire.event_name],
    ['trace_id', wire.trace_id],
    ['span_id', wire.span_id],
    ['environment', wire.environment],
    ['release', wire.release],
    ['host', wire.host],
    ['user', wire.user],
    ['scope.name', scope?.name],
    ['scope.version', scope?.version],
  ];
  const known = built.flatMap(([key, value]): Pair[] =>
    value === undefined || value === null || value === '' ? [] : [{ key, field: key, value }],
  );
  return [
    { title: 'Attributes', pairs: pairsOf(wire.attributes, (key) => (TAKEN.has(key) ? `attr.${key}` : key)) },
    { title: 'Body', pairs: bodyPairs(wire) },
    { title: 'Line', pairs: known },
    { title: 'Resource', pairs: pairsOf(wire.resource, (key) => `resource.${key}`) },
  ].filter((part) => part.pairs.length > 0);
}

function pairsOf(attributes: Attributes | undefined, fieldOf: (key: string) => string): Pair[] {
  return Object.entries(attributes ?? {})
    .map(([key, value]) => ({ key, field: fieldOf(key), value }))
    .sort((a, b) => a.key.localeCompare(b.key));
}

/** A text of several lines, or of more than this, is read across the whole width: a stack, a statement. */
const ROW_CHARS_MAX = 300;

function isBlock({ value }: Pair): boolean {
  return typeof value === 'string' && (value.length > ROW_CHARS_MAX || value.trimEnd().includes('\n'));
}

export const blocksOf = (parts: readonly Part[]): Pair[] => parts.flatMap((part) => part.pairs.filter(isBlock));

export function withoutBlocks(parts: readonly Part[]): Part[] {
  return parts
    .map((part) => ({ ...part, pairs: part.pairs.filter((pair) => !isBlock(pair)) }))
    .filter((part) => part.pairs.length > 0);
}
