import { useQuery } from '@tanstack/react-query';
import { series } from '@/api/metadata';
import { Loading } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { formatCount } from '@/lib/format';
import { labelUse, type LabelUse } from '@/model/labelUse';
import { labelName, metricSelector, quote } from '@/model/labels';
import { starters, type Metric } from '@/model/metric';
import classes from './MetricsBrowser.module.css';

interface Props {
  metric: Metric;
  onInsert: (query: string) => void;
}

/** Enough to see which labels there are; a dump of a large metric would take seconds. */
const SERIES_MAX = 2000;
const VALUES_SHOWN = 12;

export function MetricDetail({ metric, onInsert }: Props) {
  const { now } = useTime();
  const end = Math.floor(now / 60_000) * 60;
  const found = useQuery({
    queryKey: ['series', metric.name, end],
    queryFn: ({ signal }) =>
      series({
        match: `{__name__=${quote(metric.name)}}`,
        start: end - 3600,
        end: end + 60,
        limit: SERIES_MAX,
        signal,
      }),
    staleTime: 60_000,
  });
  const use = labelUse(found.data ?? []);
  const isCut = (found.data?.length ?? 0) >= SERIES_MAX;
  return (
    <section className={classes.detail} aria-label={metric.name}>
      <h3 className="mono">{metric.name}</h3>
      <p className={classes.help}>{metric.help === '' ? 'No help was given with this metric.' : metric.help}</p>
      <p className={`${classes.facts} num`}>
        <span>{metric.type}</span>
        {metric.unit !== '' && <span>{metric.unit}</span>}
        {found.data !== undefined && (
          <span>
            {isCut ? 'more than ' : ''}
            {formatCount(found.data.length)} series
          </span>
        )}
      </p>
      <h4>Ask</h4>
      {starters(metric).map((starter) => (
        <button type="button" key={starter.query} className={classes.starter} onClick={() => onInsert(starter.query)}>
          <span>{starter.title}</span>
          <code>{starter.query}</code>
        </button>
      ))}
      <h4>Labels</h4>
      {found.isLoading && <Loading what="labels" />}
      {found.error !== null && <p className="muted">{found.error.message}</p>}
      {use.map((label) => (
        <Label
          key={label.name}
          label={label}
          onInsert={(value) => onInsert(withLabel(metric.name, label.name, value))}
        />
      ))}
      {found.data !== undefined && use.length === 0 && <p className="muted">Its series have no labels.</p>}
    </section>
  );
}

function withLabel(metric: string, label: string, value: string): string {
  const pair = `${labelName(label)}=${quote(value)}`;
  const selector = metricSelector(metric);
  return selector.startsWith('{') ? `{${quote(metric)}, ${pair}}` : `${selector}{${pair}}`;
}

function Label({ label, onInsert }: { label: LabelUse; onInsert: (value: string) => void }) {
  return (
    <div className={classes.label}>
      <code>{label.name}</code>
      <small className="num">{formatCount(label.values.length)}</small>
      <div>
        {label.values.slice(0, VALUES_SHOWN).map(({ value, series: count }) => (
          <button type="button" key={value} onClick={() => onInsert(value)} title={`${count} series`}>
            {value === '' ? '""' : value}
          </button>
        ))}
        {label.values.length > VALUES_SHOWN && (
          <span className="muted">and {formatCount(label.values.length - VALUES_SHOWN)} more</span>
        )}
      </div>
    </div>
  );
}
