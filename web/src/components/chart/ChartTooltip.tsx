import { formatValue } from '@/lib/format';
import type { ChartSeries } from '@/model/chart';
import type { Exemplar } from '@/model/exemplars';
import { printMoment } from '@/model/timeRange';
import { colourOf, dashOf } from './palette';
import { tipOf } from './tip';
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

export function ChartTooltip({ pointed, shown, isStacked, utc, times, width }: Props) {
  const { lines, zeros, more } = tipOf(shown.series, pointed.index, pointed.focused, isStacked);
  const several = new Set(shown.series.map((series) => series.query)).size > 1;
  const isRight = pointed.left > width / 2;
  const style = isRight ? { right: width - pointed.left + 14 } : { left: pointed.left + 14 };

  return (
    <div className={classes.tip} style={{ ...style, top: 8 }}>
      <header>
        <span>{printMoment((times[pointed.index] ?? 0) * 1000, utc)}</span>
        {utc && <span>UTC</span>}
      </header>
      {lines.map((line) => {
        const colour = shown.order[line.index] ?? 0;
        const isDashed = dashOf(colour).length > 0;
        return (
          <div
            key={line.series.key}
            className={classes.line}
            data-focused={line.index === pointed.focused || undefined}
          >
            <i
              className={classes.swatch}
              data-dashed={isDashed || undefined}
              style={{ color: colourOf(colour, line.series.isBad) }}
            />
            <span>
              {several && `${line.series.query}: `}
              {line.series.name}
            </span>
            <b>{formatValue(line.value, line.series.unit)}</b>
          </div>
        );
      })}
      {zeros > 0 && (
        <div className={classes.more}>
          {lines.length > 0 ? '+ ' : ''}
          {zeros} at 0
        </div>
      )}
      {more > 0 && <div className={classes.more}>and {more} more</div>}
      {lines.length + zeros === 0 && <div className={classes.more}>no samples here</div>}
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
