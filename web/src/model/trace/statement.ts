// The shape of a statement or an address: what stays when values are taken out. Two with one shape are the same
// question asked about different things.
import type { Span } from './trace';
import { attributeText } from './work';

/** Longer statements are cut: what tells them apart stands at the beginning. */
const SHAPE_CHARS_MAX = 400;

/** `SELECT * FROM t WHERE id IN (?)`: literals, lists and blanks reduced. */
export function statementShape(text: string): string {
  return text
    .slice(0, SHAPE_CHARS_MAX * 4)
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/--[^\n]*/g, ' ')
    .replace(/'(?:[^'\\]|''|\\.)*'/g, '?')
    .replace(/\$\d+|:\w+\b(?<!::\w+)|@p\d+|%s/g, '?')
    .replace(/\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b/gi, '?')
    .replace(/\(\s*\?(?:\s*,\s*\?)*\s*\)(?:\s*,\s*\(\s*\?(?:\s*,\s*\?)*\s*\))*/g, '(?)')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, SHAPE_CHARS_MAX);
}

/** `/users/?/orders`: numbers, ids and long hexadecimal or random parts taken out; no query, no host's port. */
export function addressShape(address: string): string {
  const [path = ''] = address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').split(/[?#]/);
  return path
    .split('/')
    .map((part, index) => (index === 0 ? part : isId(part) ? '?' : part))
    .join('/');
}

function isId(part: string): boolean {
  if (/^\d+$/.test(part) || /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(part)) return true;
  if (/^[0-9a-f]{8,}$/i.test(part)) return true;
  // Letters and digits mixed, as generated names are: `OLJCESPC7Z`, not `v1` or `utf8`.
  return part.length >= 8 && /\d/.test(part) && /[a-z]/i.test(part) && /^[\w-]+$/.test(part);
}

/** What a span asks for, without the values; null when it asks nobody. */
export function shapeOfCall(span: Span): string | null {
  const wire = span.wire;
  if (span.work === 'own') return null;
  const statement = attributeText(wire, 'db.query.text', 'db.statement');
  if (statement !== undefined) return statementShape(statement);
  if (span.work === 'database') {
    const parts = ['db.operation.name', 'db.operation', 'db.collection.name', 'db.sql.table'];
    const known = parts.map((key) => attributeText(wire, key)).filter((part) => part !== undefined);
    return known.length === 0 ? span.name : known.join(' ');
  }
  const address = attributeText(wire, 'url.template', 'http.route', 'url.full', 'http.url');
  if (span.work !== 'http' || address === undefined) return span.name;
  const method = attributeText(wire, 'http.request.method', 'http.method');
  return `${method ?? ''} ${addressShape(address)}`.trim();
}

const CHANGES =
  /^\s*(insert|update|delete|merge|upsert|replace|begin|start|commit|rollback|savepoint|lock|set|create|alter|drop|truncate|hset|del|incr\w*|lpush|rpush)\b/i;

/** Whether a call is known to change something: then its place in the order may matter. */
export function isChange(span: Span): boolean {
  const wire = span.wire;
  if (span.work === 'queue') return true;
  if (span.work === 'database') {
    return CHANGES.test(
      attributeText(wire, 'db.query.text', 'db.statement', 'db.operation.name', 'db.operation') ?? span.name,
    );
  }
  const method = attributeText(wire, 'http.request.method', 'http.method') ?? '';
  return span.work === 'http' && ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method.toUpperCase());
}
