// Fields of a line by the names that a search gives them: columns of the list, keys of a JSON body.
import type { Attributes, AttributeValue, WireLog } from '@/api/events';
import { parseExact } from '@/lib/json';
import type { Pair } from './detail';

/** More columns than these leave no room for the message. */
export const COLUMNS_MAX = 6;
/** What a glance takes in of a body; the whole of it stands above. */
const BODY_KEYS_MAX = 200;

/** The value of a field; undefined where the line has none. */
export function valueOf(wire: WireLog, field: string): AttributeValue | undefined {
  const name = unquote(field);
  const built = builtIn(wire, name);
  if (built !== undefined) return built === '' || built === null ? undefined : built;
  const [scope, rest] = scopeOf(name);
  if (scope === 'resource') return wire.resource?.[rest];
  if (scope === 'attr') return wire.attributes?.[rest];
  const own = wire.attributes?.[name] ?? wire.resource?.[name];
  return own !== undefined || scope !== 'body' ? own : bodyPairs(wire).find((pair) => pair.key === rest)?.value;
}

function builtIn(wire: WireLog, name: string): AttributeValue | undefined {
  switch (name) {
    case 'service':
    case 'environment':
    case 'release':
    case 'host':
    case 'user':
    case 'severity':
    case 'severity_text':
    case 'event_name':
    case 'trace_id':
    case 'span_id':
      return wire[name] ?? '';
    case 'scope.name':
    case 'scope_name':
      return wire.scope?.name ?? '';
    case 'scope.version':
    case 'scope_version':
      return wire.scope?.version ?? '';
    default:
      return undefined;
  }
}

function scopeOf(name: string): [string, string] {
  const dot = name.indexOf('.');
  return dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** A field without the quotes that a search needs. */
export function unquote(field: string): string {
  return field.startsWith('"') ? field.slice(1, -1).replace(/\\(.)/g, '$1') : field;
}

const parsed = new WeakMap<WireLog, Pair[]>();

/** The keys of a body that is a JSON object, those within others as paths. */
export function bodyPairs(wire: WireLog): Pair[] {
  const known = parsed.get(wire);
  if (known !== undefined) return known;
  const pairs: Pair[] = [];
  const object = objectIn(wire.body);
  if (object !== null) flatten(object, '', pairs);
  parsed.set(wire, pairs);
  return pairs;
}

/** A larger body is read as text. */
const BODY_CHARS_MAX = 200_000;

function objectIn(body: string): Attributes | null {
  if (body.length > BODY_CHARS_MAX || !/^\s*\{/.test(body)) return null;
  try {
    return parseExact(body) as Attributes;
  } catch {
    return null;
  }
}

function flatten(object: Attributes, before: string, into: Pair[]): void {
  for (const [key, value] of Object.entries(object)) {
    if (into.length >= BODY_KEYS_MAX) return;
    const path = `${before}${key}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) flatten(value, `${path}.`, into);
    else into.push({ key: path, field: `body.${path}`, value });
  }
}
