// For the tests of findings: what is found in a trace, as text.
import type { WireSpan } from '@/api/events';
import { findAll, type Finding, type FindingKind } from '../findings';
import { node, sql, type Node } from '../fixtures';
import { selfTimes } from '../selfTime';
import type { Trace } from '../trace';

export const all = (found: Trace): Finding[] => findAll(found, selfTimes(found));
export const of = (found: Trace, kind: FindingKind): Finding[] => all(found).filter((one) => one.kind === kind);

/** With plain blanks for those that do not break. */
export const plain = (text: string | undefined): string =>
  (text ?? '').replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ');

export const title = (found: Trace, kind: FindingKind): string => plain(of(found, kind)[0]?.title);

export const names = (found: Trace, finding: Finding | undefined): string[] =>
  (finding?.spans ?? []).map((index) => found.spans[index]?.name ?? '');

/** So many queries one after the other, 10 ms each, from a moment on. */
export const queries = (
  count: number,
  from: number,
  text: (i: number) => string,
  more: Partial<WireSpan> = {},
): Node[] =>
  Array.from({ length: count }, (_, i) =>
    node('shop: query', from + i * 10, from + i * 10 + 9, { ...sql(text(i)), ...more }),
  );
