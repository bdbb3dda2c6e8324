// Where the time went: own times, by service and by what was done in them.
import type { Trace } from '../trace';
import { WORKS } from '../work';
import { duration, percent, type Finding, type FindingShare } from './finding';

/** Smaller shares are summed up. */
const SHARES_MAX = 6;

export function findTime(trace: Trace, selfs: Float64Array): Finding[] {
  if (trace.spans.length < 2 || trace.duration === 0) return [];
  const total = selfs.reduce((sum, one) => sum + one, 0);
  if (total === 0) return [];
  return [byWork(trace, selfs, total), ...byService(trace, selfs, total)];
}

function byWork(trace: Trace, selfs: Float64Array, total: number): Finding {
  const shares = sharesOf(trace, selfs, total, (index) => WORKS[trace.spans[index]?.work ?? 'own']);
  const [first] = shares as [FindingShare];
  return {
    id: 'time work',
    kind: 'time',
    severity: 'note',
    title: `${first.label} has ${percent(first.value, total)} of the time: ${duration(first.value)} of ${duration(total)}`,
    detail: aboutSum(trace, total),
    shares,
    spans: heaviest(trace, selfs, (index) => WORKS[trace.spans[index]?.work ?? 'own'] === first.label),
    cost: 0,
  };
}

function byService(trace: Trace, selfs: Float64Array, total: number): Finding[] {
  if (trace.services.length < 2) return [];
  const shares = sharesOf(trace, selfs, total, (index) => trace.spans[index]?.service ?? '');
  const [first] = shares as [FindingShare];
  return [
    {
      id: 'time service',
      kind: 'time',
      severity: 'note',
      title: `${first.label} has ${percent(first.value, total)} of the time: ${duration(first.value)} of ${duration(total)}`,
      detail: aboutSum(trace, total),
      shares,
      spans: heaviest(trace, selfs, (index) => trace.spans[index]?.service === first.label),
      cost: 0,
    },
  ];
}

function aboutSum(trace: Trace, total: number): string {
  const sum = 'Own times: those of a span without its children’s.';
  return total > trace.duration * 1.01
    ? `${sum} Together they are more than the ${duration(trace.duration)} of the trace, as much ran side by side.`
    : sum;
}

function sharesOf(trace: Trace, selfs: Float64Array, total: number, keyOf: (index: number) => string): FindingShare[] {
  const sums = new Map<string, number>();
  trace.spans.forEach((_, index) => {
    sums.set(keyOf(index), (sums.get(keyOf(index)) ?? 0) + (selfs[index] ?? 0));
  });
  const all = [...sums]
    .map(([label, value]) => ({ label, value, share: value / total }))
    .sort((a, b) => b.value - a.value);
  if (all.length <= SHARES_MAX) return all;
  const rest = all.slice(SHARES_MAX - 1);
  const value = rest.reduce((sum, one) => sum + one.value, 0);
  return [...all.slice(0, SHARES_MAX - 1), { label: `${rest.length} others`, value, share: value / total }];
}

const HEAVIEST_MAX = 5;

/** The spans that hold most of it: somewhere to click. */
function heaviest(trace: Trace, selfs: Float64Array, isMeant: (index: number) => boolean): number[] {
  return trace.spans
    .map((span) => span.index)
    .filter(isMeant)
    .sort((a, b) => (selfs[b] ?? 0) - (selfs[a] ?? 0))
    .slice(0, HEAVIEST_MAX);
}
