// What a query's values count, read from the names of its metrics and what is done to them. A guess: `none` when unsure.
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import type { Unit } from '@/lib/format';
import { selectedName } from './selector';

const SUFFIXES: [RegExp, Unit][] = [
  [/(^|_)((start|boot|modified|created|expiry)_time_seconds|timestamp(_seconds)?)$/, 'timestamp'],
  [/(_|\.)bytes$/, 'bytes'],
  [/(_|\.)milliseconds$/, 'milliseconds'],
  [/(_|\.)seconds$/, 'seconds'],
  [/(_|\.)ratio$/, 'ratio'],
  [/_percent$/, 'none'],
  [/_celsius$/, 'celsius'],
  [/_hertz$/, 'hertz'],
  [/_volts?$/, 'volts'],
  [/_amperes?$/, 'amperes'],
  [/_joules$/, 'joules'],
  [/_watts$/, 'watts'],
];

/** Suffixes that say how a number is kept, not what it counts. */
const KIND = /_(total|sum|bucket|max|min|avg)$/;

export function unitOfMetric(name: string, declared = ''): Unit {
  if (declared !== '') return unitOfMetric(`x_${declared}`);
  if (/_(count|bucket_count)$/.test(name)) return 'count';
  // Buckets hold counts of observations; what `le` measures is asked for by the functions that read it.
  if (name.endsWith('_bucket')) return 'count';
  const bare = name.replace(KIND, '');
  const hit = SUFFIXES.find(([pattern]) => pattern.test(bare));
  if (hit !== undefined) return hit[1];
  return name.endsWith('_total') ? 'count' : 'none';
}

export function unitOf(query: string): Unit {
  const top = parser.parse(query).topNode.firstChild;
  return top === null ? 'none' : unitOfNode(top, query);
}

function children(node: SyntaxNode): SyntaxNode[] {
  const out: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) out.push(child);
  return out;
}

const EXPRESSIONS = new Set([
  'AggregateExpr',
  'BinaryExpr',
  'FunctionCall',
  'MatrixSelector',
  'NumberDurationLiteral',
  'OffsetExpr',
  'AnchoredExpr',
  'SmoothedExpr',
  'ParenExpr',
  'StringLiteral',
  'SubqueryExpr',
  'UnaryExpr',
  'VectorSelector',
  'StepInvariantExpr',
]);

function parts(node: SyntaxNode): SyntaxNode[] {
  return children(node).filter((child) => EXPRESSIONS.has(child.name));
}

function unitOfNode(node: SyntaxNode, text: string): Unit {
  switch (node.name) {
    case 'VectorSelector':
      return unitOfMetric(selectedName(node, text));
    case 'FunctionCall':
      return unitOfCall(node, text);
    case 'AggregateExpr':
      return unitOfAggregate(node, text);
    case 'BinaryExpr':
      return unitOfBinary(node, text);
    case 'NumberDurationLiteral':
    case 'StringLiteral':
      return 'none';
    default: {
      const inner = parts(node)[0];
      return inner === undefined ? 'none' : unitOfNode(inner, text);
    }
  }
}

function perSecond(unit: Unit): Unit {
  const rates: Partial<Record<Unit, Unit>> = {
    bytes: 'bytes/s',
    // A second a second is a share of the time.
    seconds: 'ratio',
    joules: 'watts',
    count: 'per-second',
    none: 'per-second',
  };
  return rates[unit] ?? 'none';
}

/** Functions whose values count the same as what goes in. */
const KEEPS =
  /^(abs|ceil|floor|round|clamp(_max|_min)?|delta|idelta|increase|sort.*|label_(replace|join)|last_over_time|(avg|min|max|sum|first|stddev|mad|quantile)_over_time|predict_linear|double_exponential_smoothing|scalar|vector|histogram_avg|info)$/;
const COUNTS = /^(count_over_time|changes|resets|histogram_count|day_.*|days_.*|hour|minute|month|year)$/;

function unitOfCall(node: SyntaxNode, text: string): Unit {
  const name = text.slice(node.from, node.getChild('FunctionIdentifier')?.to ?? node.from);
  const body = node.getChild('FunctionCallBody');
  const args = body === null ? [] : parts(body);
  if (name === 'time' || name === 'timestamp' || name.startsWith('ts_of_')) return 'timestamp';
  if (COUNTS.test(name)) return 'count';
  if (/^histogram_(quantiles?|stddev)$/.test(name)) return unitOfBuckets(node, text);
  if (name === 'histogram_fraction') return 'ratio';
  const vector = args.find((arg) => arg.name !== 'NumberDurationLiteral' && arg.name !== 'StringLiteral');
  if (vector === undefined) return 'none';
  const inner = unitOfNode(vector, text);
  if (name === 'rate' || name === 'irate' || name === 'deriv') return perSecond(inner);
  if (name === 'histogram_sum') return inner;
  return KEEPS.test(name) ? inner : 'none';
}

/** What the observations were: the unit of the first metric below, without `_bucket`. */
function unitOfBuckets(node: SyntaxNode, text: string): Unit {
  let found: Unit = 'none';
  node.cursor().iterate((ref) => {
    if (ref.name !== 'VectorSelector' || found !== 'none') return;
    found = unitOfMetric(selectedName(ref.node, text).replace(/_bucket$/, ''));
  });
  return found;
}

function unitOfAggregate(node: SyntaxNode, text: string): Unit {
  const operation = text.slice(node.from, node.getChild('AggregateOp')?.to ?? node.from);
  if (operation === 'count' || operation === 'count_values') return 'count';
  const body = node.getChild('FunctionCallBody');
  const args = body === null ? [] : parts(body);
  const vector = args.at(-1);
  if (vector === undefined || operation === 'group' || operation === 'stdvar') return 'none';
  return unitOfNode(vector, text);
}

const COMPARE = new Set(['Eql', 'Gte', 'Gtr', 'Lte', 'Lss', 'Neq', 'TrimUpper', 'TrimLower']);

function unitOfBinary(node: SyntaxNode, text: string): Unit {
  const [left, right] = parts(node);
  if (left === undefined || right === undefined) return 'none';
  const operator = children(node).find((child) => child.from >= left.to)?.name ?? '';
  if (COMPARE.has(operator)) return node.getChild('BoolModifier') === null ? unitOfNode(left, text) : 'bool';
  const [a, b] = [unitOfNode(left, text), unitOfNode(right, text)];
  const isNumber = (side: SyntaxNode): boolean =>
    /^[\s(]*[-+]?[\d.]+(e[-+]?\d+)?[\s)]*$/i.test(text.slice(side.from, side.to));
  if (operator === 'Add' || operator === 'Sub') return unitOfSum(a, b, operator, isNumber(left));
  if (operator === 'Mul') return unitOfProduct(a, b, text.slice(left.from, left.to), text.slice(right.from, right.to));
  if (operator === 'Div') return isNumber(right) ? scaled(a, text.slice(right.from, right.to)) : unitOfQuotient(a, b);
  if (operator === 'And' || operator === 'Or' || operator === 'Unless') return a;
  return operator === 'Mod' ? a : 'none';
}

function unitOfSum(a: Unit, b: Unit, operator: string, isLeftNumber: boolean): Unit {
  // The time between two moments.
  if (a === 'timestamp' && b === 'timestamp') return operator === 'Sub' ? 'seconds' : 'none';
  if (a === 'timestamp' || b === 'timestamp') return 'timestamp';
  return isLeftNumber ? b : a;
}

function unitOfProduct(a: Unit, b: Unit, left: string, right: string): Unit {
  const [unit, factor] = /^[\s(]*[\d.]+[\s)]*$/.test(right) ? [a, Number(right)] : [b, Number(left)];
  if (Number.isNaN(factor)) return a === 'none' || a === 'ratio' ? b : b === 'none' || b === 'ratio' ? a : 'none';
  if (unit === 'bytes/s' && factor === 8) return 'bits/s';
  // Times 100 is already percent: the number says it all.
  if (factor === 100 || factor === 1000) return 'none';
  return factor === -1 || factor === 1 ? unit : scaled(unit, String(factor));
}

/** Divided by 60 or 1024, a number counts something else than its name says. */
function scaled(unit: Unit, factor: string): Unit {
  return Number(factor) === 1 || unit === 'per-second' || unit === 'count' ? unit : 'none';
}

function unitOfQuotient(a: Unit, b: Unit): Unit {
  if (a === b) return a === 'none' ? 'none' : 'ratio';
  // Sum over count is an average of what was observed.
  if (b === 'count' || b === 'none') return a;
  if (a === 'ratio' && b === 'per-second') return 'seconds';
  if (a === 'bytes/s' && b === 'per-second') return 'bytes';
  if (a === 'bytes' && b === 'seconds') return 'bytes/s';
  return 'none';
}
