// A small picture of numbers over time: their course, not their size.
import { sparkBars, sparkPath } from '@/model/spark';
import classes from './Sparkline.module.css';

interface Props {
  values: readonly (number | null)[];
  width: number;
  height: number;
  kind?: 'line' | 'bars';
  /** What is told to who does not see it. */
  label?: string;
}

export function Sparkline({ values, width, height, kind = 'line', label }: Props) {
  const a11y = label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label };
  if (kind === 'bars') {
    return (
      <svg className={classes.spark} width={width} height={height} {...a11y}>
        {sparkBars(values, width, height).map((bar, index) => (
          <rect key={index} {...bar} />
        ))}
      </svg>
    );
  }
  const { line, area } = sparkPath(values, width, height);
  return (
    <svg className={classes.spark} width={width} height={height} {...a11y}>
      <path className={classes.area} d={area} />
      <path className={classes.line} d={line} />
    </svg>
  );
}
