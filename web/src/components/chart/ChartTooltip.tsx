import { formatValue } from '@/lib/format';
import type { ChartSeries } from '@/model/chart';
import type { Exemplar } from '@/model/exemplars';
import { printMoment } from '@/model/timeRange';
import { colourOf } from './palette';
import classes from './TimeChart.module.css';

/** Where the pointer is and what is under it. */
export interface Pointed {
  index: number;
  left: number;
  top: number;
  /** Index among the shown series; below zero when none is near. */
  focused: number;
  exemplar: Exemplar | null;
}

interface Props {
  pointed: Pointed;
  shown: { order: number[]; series: ChartSeries[] };
  isStacked: boolean;
  utc: boolean;
  times: number[];
  width: number;
}

/** More lines would hide the graph. */
const LINES_MAX = 10;

export function ChartTooltip({ pointed, shown, isStacked, utc, times, width }: Props) {
  const lines = shown.series
    .map((series, index) => ({ series, index, value: series.values[pointed.index] }))
    .filter((line): line is { series: ChartSeries; index: number; value: number } => line.value != null);
  // Stacked: from top to bottom as they lie; otherwise the largest first. The one under the pointer is always there.
  lines.sort((a, b) => (isStacked ? b.index - a.index : b.value - a.value));
  const focusedAt = lines.findIndex((line) => line.index === pointed.focused);
  const start = Math.max(0, Math.min(focusedAt - LINES_MAX / 2, lines.length - LINES_MAX));
  const visible = lines.slice(focusedAt < LINES_MAX ? 0 : start).slice(0, LINES_MAX);
  const several = new Set(shown.series.map((series) => series.query)).size > 1;
  const isRight = pointed.left > width / 2;
  const style = isRight ? { right: width - pointed.left + 14 } : { left: pointed.left + 14 };

  return (
    <div className={classes.tip} style={{ ...style, top: 8 }}>
      <header className="num">
        <span>{printMoment((times[pointed.index] ?? 0) * 1000, utc)}</span>
        {utc && <span>UTC</span>}
      </header>
      {visible.map((line) => (
        <div key={line.series.key} className={classes.line} data-focused={line.index === pointed.focused || undefined}>
          <i className={classes.swatch} style={{ background: colourOf(shown.order[line.index] ?? 0) }} />
          <span>
            {several && `${line.series.query}: `}
            {line.series.name}
          </span>
          <b>{formatValue(line.value, line.series.unit)}</b>
        </div>
      ))}
      {lines.length > visible.length && <div className={classes.more}>and {lines.length - visible.length} more</div>}
      {lines.length === 0 && <div className={classes.more}>no samples here</div>}
      {pointed.exemplar !== null && <ExemplarLines exemplar={pointed.exemplar} utc={utc} />}
    </div>
  );
}

function ExemplarLines({ exemplar, utc }: { exemplar: Exemplar; utc: boolean }) {
  return (
    <div className={classes.exemplar}>
      <div>
        <span>Exemplar, {printMoment(exemplar.time * 1000, utc)}</span>
        <b>{formatValue(exemplar.value, exemplar.unit)}</b>
      </div>
      {Object.entries(exemplar.labels).map(([name, value]) => (
        <div key={name}>
          <span>{name}</span>
          <code>{value}</code>
        </div>
      ))}
      <div className="muted">Click to keep it</div>
    </div>
  );
}
