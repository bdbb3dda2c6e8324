import type { Cell } from '@/model/healthStrip';
import classes from './Targets.module.css';

/** Full height is up, a low cell in another colour is down, half is both, a line is nothing known. */
const HEIGHT: Record<Cell, number> = { up: 16, mixed: 11, down: 7, none: 1 };

export function HealthStrip({ cells }: { cells: Cell[] | undefined }) {
  if (cells === undefined) return <span className="muted">–</span>;
  const known = cells.filter((cell) => cell !== 'none');
  const up = known.filter((cell) => cell === 'up').length;
  const label = known.length === 0 ? 'no samples' : `up in ${up} of ${known.length} parts of the time range`;
  return (
    <svg
      className={classes.strip}
      viewBox={`0 0 ${cells.length * 4} 16`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {cells.map((cell, index) => (
        <rect key={index} x={index * 4} width={3} y={16 - HEIGHT[cell]} height={HEIGHT[cell]} data-cell={cell} />
      ))}
    </svg>
  );
}
