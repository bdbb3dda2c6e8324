import { formatValue, type Unit } from '@/lib/format';
import { bars, quantile, type Histogram } from '@/model/histogram';
import classes from './TableView.module.css';

/** A native histogram in a row: one bar a bucket, and the numbers people ask for. */
export function HistogramBars({ histogram, unit }: { histogram: Histogram; unit: Unit }) {
  const drawn = bars(histogram);
  const facts: [string, string][] = [
    ['count', formatValue(histogram.count)],
    ['mean', formatValue(histogram.sum / histogram.count, unit)],
    ['p50', formatValue(quantile(histogram, 0.5), unit)],
    ['p99', formatValue(quantile(histogram, 0.99), unit)],
  ];
  return (
    <div className={classes.bars}>
      <svg
        viewBox="0 0 100 36"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram of ${histogram.count} observations`}
      >
        {drawn.map((bar) => (
          <rect
            key={bar.x}
            x={bar.x * 100}
            width={bar.width * 92}
            y={36 - bar.height * 36}
            height={Math.max(0.5, bar.height * 36)}
          >
            <title>{`${bar.bucket.text}: ${formatValue(bar.bucket.count)}`}</title>
          </rect>
        ))}
      </svg>
      <dl className="num">
        {facts.map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
