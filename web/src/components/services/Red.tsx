// Rates, errors and durations in the cells of tables, each with how it moved.
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { formatSeconds, formatValue } from '@/lib/format';
import { printRate, type RateUnit } from '@/model/services/rate';
import type { Change } from '@/model/services/change';
import { errorLevel } from '@/model/services/service';
import classes from './Red.module.css';

export function ChangeMark({ change }: { change: Change | null }) {
  if (change === null) return null;
  return (
    <small
      className={`${classes.change} num`}
      data-meaning={change.meaning}
      data-small={change.isSmall || undefined}
      title="Against the same time before"
    >
      {change.text}
    </small>
  );
}

interface RateProps {
  rate: number | null;
  change?: Change | null;
  /** That of the column; its own where it stands alone. */
  unit?: RateUnit;
}

export function RateCell({ rate, change = null, unit }: RateProps) {
  return (
    <span className={`${classes.cell} num`} data-testid="rate">
      {rate === null ? <None /> : printRate(rate, unit)}
      <ChangeMark change={change} />
    </span>
  );
}

export function printShare(share: number): string {
  return formatValue(Number(share.toPrecision(share < 0.001 ? 1 : 2)), 'ratio');
}

/** The derived histograms end here, in seconds: of what took longer they know no more. */
const LONGEST_KNOWN = 15;

export function printDuration(seconds: number): string {
  if (seconds >= LONGEST_KNOWN) return `> ${formatSeconds(LONGEST_KNOWN)}`;
  return formatSeconds(Number(seconds.toPrecision(3)));
}

export function ErrorCell({ share, change = null }: { share: number | null; change?: Change | null }) {
  const level = errorLevel(share);
  return (
    <span className={`${classes.cell} num`} data-level={level}>
      <span className={classes.errors}>
        {(level === 'bad' || level === 'warn') && <IconAlertTriangleFilled size={12} />}
        {share === null ? <None /> : printShare(share)}
      </span>
      <ChangeMark change={change} />
    </span>
  );
}

export function DurationCell({ value, change = null }: { value: number | null; change?: Change | null }) {
  return (
    <span className={`${classes.cell} num`}>
      {value === null ? <None /> : printDuration(value)}
      <ChangeMark change={change} />
    </span>
  );
}

function None() {
  return <span className="muted">–</span>;
}
