// The fields of the events found, in the order in which people look for them.
import type { FieldScope, WireField } from '@/api/events';
import { search } from '@/lib/fuzzy';

export interface Field {
  name: string;
  scope: FieldScope;
  type: string;
  count: number;
  /** Of the events looked at, those that have it. */
  share: number;
}

/** Unique to nearly every line, or of the store's own concern: their commonest values say nothing. */
const UNIQUE = new Set('time observed_time body body_is_json span_id flags dropped_attributes overflow'.split(' '));
/** What logs are usually cut by, first. */
const FIRST = ['severity', 'service', 'environment', 'release', 'host'];
const SCOPES: Record<FieldScope, number> = { builtin: 0, attribute: 1, resource: 2, scope: 3 };

export function readFields(wire: readonly WireField[]): Field[] {
  const most = wire.reduce((max, one) => Math.max(max, one.count), 1);
  return wire
    .filter((one) => one.count > 0 && !UNIQUE.has(one.name))
    .map(({ name, scope, type, count }) => ({ name, scope, type, count, share: count / most }))
    .sort((a, b) => SCOPES[a.scope] - SCOPES[b.scope] || place(a) - place(b) || b.count - a.count || compare(a, b));
}

const place = (one: Field): number => {
  const at = FIRST.indexOf(one.name);
  return one.scope !== 'builtin' || at < 0 ? FIRST.length : at;
};

const compare = (a: Field, b: Field): number => a.name.localeCompare(b.name);

export const SCOPE_TITLES: Record<FieldScope, string> = {
  builtin: 'Built in',
  attribute: 'Attributes',
  resource: 'Resource',
  scope: 'Instrumentation',
};

export interface FieldGroup {
  scope: FieldScope;
  fields: Field[];
}

export function groupFields(fields: readonly Field[], find: string): FieldGroup[] {
  const found = new Set(search(find, fields, (field) => field.name, fields.length));
  return (['builtin', 'attribute', 'resource', 'scope'] as const).flatMap((scope) => {
    const own = fields.filter((field) => field.scope === scope && found.has(field));
    return own.length === 0 ? [] : [{ scope, fields: own }];
  });
}
