import { useMemo } from 'react';
import { Failure, Loading } from '@/components/common/PageState';
import { formatCount, formatSeconds } from '@/lib/format';
import { flatten, hottest } from '@/model/explain';
import type { Grid } from '@/model/step';
import { useExplain } from './results';
import type { QueryRow } from './url';
import classes from './ExplainView.module.css';

export function ExplainView({ queries, grid }: { queries: QueryRow[]; grid: Grid }) {
  return (
    <div className={classes.all}>
      {queries.map((query) => (
        <OneQuery key={query.id} query={query} grid={grid} />
      ))}
    </div>
  );
}

function OneQuery({ query, grid }: { query: QueryRow; grid: Grid }) {
  const { data, error, isLoading } = useExplain(query.expr, grid);
  const costs = useMemo(() => (data === undefined ? [] : flatten(data.root, data.total_ms)), [data]);
  if (isLoading) return <Loading what="costs" />;
  if (error !== null || data === undefined)
    return <Failure title={`${query.id.toUpperCase()} could not be explained`} error={error} />;
  const hot = hottest(costs);
  return (
    <section className={classes.query} aria-label={`Explain ${query.id.toUpperCase()}`}>
      <dl className={`${classes.facts} num`}>
        <Fact name="Query" value={query.id.toUpperCase()} />
        <Fact name="Took" value={formatSeconds(data.total_ms / 1000)} />
        <Fact name="Samples used" value={formatCount(data.samples)} />
        <Fact name="Most at once" value={`${formatCount(data.peak_samples)} samples`} />
        {hot !== null && hot.share >= 0.2 && (
          <Fact name={`${Math.round(hot.share * 100)} % of the time in`} value={hot.expr} isCode />
        )}
      </dl>
      <div className={classes.head}>
        <span>Part</span>
        <span>Own time</span>
        <span>With parts</span>
        <span>Series</span>
        <span>Samples</span>
      </div>
      {costs.map((cost) => (
        <div key={cost.id} className={classes.line} data-hot={cost.id === hot?.id || undefined}>
          <code style={{ paddingLeft: cost.depth * 18 }} title={cost.expr}>
            {cost.depth > 0 && <i>└ </i>}
            {cost.expr}
            {cost.isOnce && <small title="The same at every step: evaluated once">once</small>}
          </code>
          <span className={classes.time} data-fused={cost.isFused || undefined}>
            {!cost.isFused && <Bar share={cost.own > 0 ? Math.max(cost.share, 0.01) : 0} />}
            <b className="num">{cost.isFused ? 'in one pass with the part above' : formatSeconds(cost.own / 1000)}</b>
          </span>
          <span className="num">{cost.isFused ? '' : formatSeconds(cost.total / 1000)}</span>
          <span className="num">{formatCount(cost.series)}</span>
          <span className="num">{formatCount(cost.samples)}</span>
        </div>
      ))}
    </section>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <span className={classes.bar}>
      <i style={{ width: `${share * 100}%` }} />
    </span>
  );
}

function Fact({ name, value, isCode }: { name: string; value: string; isCode?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isCode === true ? 'mono' : undefined}>{value}</dd>
    </div>
  );
}
