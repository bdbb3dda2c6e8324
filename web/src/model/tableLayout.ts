// Which labels of a table have a column of their own, and how wide each is by what stands in it.
import type { Labels } from '@/api/query';
import { labelName, NAME, quote } from './labels';
import type { Row } from './vector';

export interface TableColumn {
  name: string;
  /** Characters of its longest text, within bounds. */
  chars: number;
}

export interface TableLayout {
  columns: TableColumn[];
  /** Labels that share one cell, for few rows have them. */
  folded: string[];
  /** Of that cell's longest text; 0 without one. Where there is no room it is cut to `FOLDED_CHARS_MIN`. */
  foldedChars: number;
}

/** Longer texts are cut. */
const NAME_CHARS_MAX = 40;
const LABEL_CHARS_MAX = 32;
const FOLDED_CHARS_MAX = 60;
export const FOLDED_CHARS_MIN = 20;
/** A column has at least room for a short title and the arrow of its order. */
const CHARS_MIN = 6;
/** A label that fewer rows have is no column. */
const SHARE_MIN = 0.05;
/** A label that fewer rows have gives way where there is no room. */
const SHARE_YIELDING = 0.5;
/** The first rows tell how wide the others are: a pass over them takes under 10 ms. */
const MEASURED_MAX = 5000;

/** `gap` is what lies between two columns, in characters, as is `room`, the width there is. */
export function layoutTable(rows: readonly Row[], names: readonly string[], room: number, gap: number): TableLayout {
  const measured = rows.slice(0, MEASURED_MAX);
  const all = names.map((name) => measure(measured, name));
  const folded = new Set(all.filter((one) => one.share < SHARE_MIN).map((one) => one.name));
  const layout = (): TableLayout => arrange(measured, all, folded);
  let best = layout();
  while (widthOf(best, gap) > room) {
    const next = all
      .filter((one) => !folded.has(one.name) && one.name !== NAME && one.share < SHARE_YIELDING)
      .sort((a, b) => a.share - b.share)[0];
    if (next === undefined) break;
    folded.add(next.name);
    best = layout();
  }
  // One label alone is a column like others.
  if (folded.size !== 1) return best;
  folded.clear();
  return layout();
}

interface Measured extends TableColumn {
  /** Of the rows that have it, 0–1. */
  share: number;
}

function measure(rows: readonly Row[], name: string): Measured {
  const title = name === NAME ? 'metric' : labelName(name);
  let [longest, count] = [Math.max(CHARS_MIN, title.length + 2), 0];
  for (const { labels } of rows) {
    const value = labels[name];
    if (value === undefined) continue;
    count += 1;
    longest = Math.max(longest, value.length);
  }
  const most = name === NAME ? NAME_CHARS_MAX : LABEL_CHARS_MAX;
  return { name, chars: Math.min(longest, most), share: rows.length === 0 ? 1 : count / rows.length };
}

function arrange(rows: readonly Row[], all: readonly Measured[], folded: ReadonlySet<string>): TableLayout {
  const names = all.filter((one) => folded.has(one.name)).map((one) => one.name);
  const longest = rows.reduce((most, row) => Math.max(most, printFolded(row.labels, names).length), 'labels'.length);
  return {
    columns: all.filter((one) => !folded.has(one.name)).map(({ name, chars }) => ({ name, chars })),
    folded: names,
    foldedChars: names.length === 0 ? 0 : Math.min(longest, FOLDED_CHARS_MAX),
  };
}

/** The least it needs. */
export function widthOf({ columns, foldedChars }: TableLayout, gap: number): number {
  const own = columns.reduce((sum, column) => sum + column.chars + gap, 0);
  return own + (foldedChars === 0 ? 0 : Math.min(foldedChars, FOLDED_CHARS_MIN) + gap);
}

/** `kind="span" code="200"`: of these labels, those that are there. */
export function printFolded(labels: Labels, names: readonly string[]): string {
  return names
    .flatMap((name) => (labels[name] === undefined ? [] : [`${labelName(name)}=${quote(labels[name])}`]))
    .join(' ');
}
