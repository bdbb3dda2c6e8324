// The first error, and how far up it went.
import { titleOf, type Span, type Trace } from '../trace';
import { attributeText } from '../work';
import { plural, type Finding } from './finding';

export function findErrors(trace: Trace): Finding[] {
  if (trace.errors === 0) return [];
  const origins = trace.spans
    .filter((span) => span.isError && !span.children.some((child) => trace.spans[child]?.isError === true))
    .sort((a, b) => a.end - b.end || a.start - b.start);
  const [first, ...others] = origins as [Span, ...Span[]];
  const path = pathUp(trace, first);
  const top = path.at(-1) as Span;
  const caughtBy = trace.spans[top.parent];
  const out: Finding[] = [
    {
      id: 'error first',
      kind: 'error',
      severity: 'bad',
      title: `The first error is in ${titleOf(first)}${quoted(messageOf(first))}${spread(path, top)}`,
      detail: howFar(trace, top, caughtBy),
      spans: path.map((span) => span.index).sort((a, b) => a - b),
      focus: first.index,
      cost: trace.duration,
    },
  ];
  if (others.length > 0) out.push(toOthers(others));
  return out;
}

/** From the origin up, as long as each failed too. */
function pathUp(trace: Trace, origin: Span): Span[] {
  const path = [origin];
  for (let above = trace.spans[origin.parent]; above?.isError === true; above = trace.spans[above.parent])
    path.push(above);
  return path;
}

function spread(path: readonly Span[], top: Span): string {
  if (path.length === 1) return '';
  const services = new Set(path.map((span) => span.service)).size;
  const through =
    services === 1 ? plural(path.length, 'span') : `${plural(path.length, 'span')} of ${services} services`;
  return `, and failed ${through} up to ${titleOf(top)}`;
}

function howFar(trace: Trace, top: Span, caughtBy: Span | undefined): string {
  if (caughtBy !== undefined) return `${titleOf(caughtBy)} went on without failing.`;
  return top === trace.root ? 'It reached the root: the caller saw it.' : 'What is above was not sent.';
}

function toOthers(others: readonly Span[]): Finding {
  const kinds = new Map<string, number>();
  for (const span of others) {
    const title = `${titleOf(span)}${quoted(messageOf(span))}`;
    kinds.set(title, (kinds.get(title) ?? 0) + 1);
  }
  const common = [...kinds].sort((a, b) => b[1] - a[1])[0] as [string, number];
  return {
    id: 'error others',
    kind: 'error',
    severity: 'warn',
    title: `${plural(others.length, 'more span')} failed without a failing child${kinds.size === 1 ? `: ${common[0]}` : `, ${plural(kinds.size, 'kind')}; most in ${common[0]}`}`,
    spans: spansOf(others),
    cost: 0,
  };
}

const spansOf = (spans: readonly Span[]): number[] => spans.map((span) => span.index).sort((a, b) => a - b);

/** What it says of itself: an exception that was recorded, the status, a code. */
export function messageOf(span: Span): string | undefined {
  const exception = span.wire.events?.find((event) => event.name === 'exception')?.attributes;
  const type = exception?.['exception.type'];
  const message = exception?.['exception.message'];
  if (typeof message === 'string' && message !== '') return typeof type === 'string' ? `${type}: ${message}` : message;
  if (span.wire.status_message !== undefined && span.wire.status_message !== '') return span.wire.status_message;
  if (typeof type === 'string') return type;
  const kind = attributeText(span.wire, 'error.type');
  if (kind !== undefined) return kind;
  const code = attributeText(span.wire, 'http.response.status_code', 'http.status_code');
  return code === undefined ? undefined : `HTTP ${code}`;
}

const MESSAGE_CHARS_MAX = 120;

function quoted(message: string | undefined): string {
  if (message === undefined) return '';
  const line = message.split('\n')[0] ?? '';
  return ` (${line.length > MESSAGE_CHARS_MAX ? `${line.slice(0, MESSAGE_CHARS_MAX)}…` : line})`;
}
