// Releases of services, by their spans: which ran, since when, until when.
import type { WireGroups } from '@/api/events';

export interface Release {
  service: string;
  /** Empty when its spans name none. */
  name: string;
  spans: number;
  /** Milliseconds since 1970, within the range that was asked for. */
  first: number;
  last: number;
}

/** What `readReleases` reads. */
export const RELEASE_GROUPS = { by: ['service', 'release'], agg: ['count', 'min(time)', 'max(time)'], limit: 1000 };

export function readReleases(wire: WireGroups | undefined): Release[] {
  return (wire?.rows ?? []).map((row) => ({
    service: text(row[0]),
    name: text(row[1]),
    spans: Number(row[2] ?? 0),
    first: millis(row[3]),
    last: millis(row[4]),
  }));
}

const text = (cell: unknown): string => (typeof cell === 'string' ? cell : '');

/** Times of a table are nanoseconds, or RFC 3339. */
function millis(cell: unknown): number {
  if (typeof cell === 'number') return cell / 1e6;
  return typeof cell === 'string' ? Date.parse(cell) : NaN;
}

/** By service, the newest release first. */
export function byService(releases: readonly Release[]): Map<string, Release[]> {
  const out = new Map<string, Release[]>();
  for (const one of [...releases].sort((a, b) => b.first - a.first)) {
    const known = out.get(one.service);
    if (known === undefined) out.set(one.service, [one]);
    else known.push(one);
  }
  return out;
}

/** Of the range: what was seen this soon was there before. */
const BEGIN_SHARE = 0.02;

/** Releases that came within a range, in the order of time. */
export function deploysOf(releases: readonly Release[], from: number, to: number): Release[] {
  const since = from + (to - from) * BEGIN_SHARE;
  return releases
    .filter((one) => one.name !== '' && one.first > since && one.first <= to)
    .sort((a, b) => a.first - b.first);
}

/** `3f2a91c0…` for a commit, else as it is, with its end cut. */
export function shortRelease(name: string): string {
  if (/^[0-9a-f]{12,}$/i.test(name)) return name.slice(0, 8);
  return name.length > 20 ? `${name.slice(0, 19)}…` : name;
}
