import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { countHealth, filterDropped, filterTargets, groupPools } from '@/model/target';
import { DroppedList } from './DroppedList';
import { FilterBar } from './FilterBar';
import { TargetList } from './TargetList';
import { decodeTargets, encodeTargets, type TargetsState } from './url';
import { useHealthStrips, useTargets } from './useTargets';
import classes from './Targets.module.css';

const FILL = `scrape_configs:
  - job_name: node
    static_configs: [{ targets: ['localhost:9100'] }]`;

export function TargetsPage() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeTargets(search as Record<string, string>), [search]);
  const { data, error, isLoading, refetch } = useTargets();
  const strips = useHealthStrips();
  const change = (part: Partial<TargetsState>): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({ ...previous, ...encodeTargets({ ...state, ...part }) }),
      replace: true,
    });
  };

  const active = useMemo(() => filterTargets(data?.activeTargets ?? [], state), [data, state]);
  const pools = useMemo(() => groupPools(active), [active]);
  const dropped = useMemo(() => filterDropped(data?.droppedTargets ?? [], state), [data, state]);

  if (isLoading) return <Loading what="targets" />;
  if (data === undefined) return <Failure title="The targets could not be listed" error={error} onRetry={refetch} />;

  const all = data.activeTargets;
  const droppedCount = Object.values(data.droppedTargetCounts ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <div className={classes.page}>
      <FilterBar
        state={state}
        counts={countHealth(all.filter((target) => state.pool === null || target.scrapePool === state.pool))}
        dropped={Math.max(droppedCount, data.droppedTargets.length)}
        pools={[...new Set(all.map((target) => target.scrapePool))].sort()}
        onChange={change}
      />
      <section className={classes.panel} aria-label="Targets">
        {state.view === 'dropped' ? (
          <DroppedList targets={dropped} listed={data.droppedTargets.length} counted={droppedCount} />
        ) : all.length === 0 ? (
          <Empty title="Nothing is scraped yet" lines={FILL}>
            These lines in <code>prometheus.yml</code> scrape the node exporter of this machine. The file is read again
            on SIGHUP and on <code>POST /-/reload</code>.
          </Empty>
        ) : pools.length === 0 ? (
          <Empty title="No target is left by this filter">
            <button
              type="button"
              className={classes.link}
              onClick={() => change({ state: null, pool: null, find: '' })}
            >
              Show all {all.length}
            </button>
          </Empty>
        ) : (
          <TargetList pools={pools} strips={strips} />
        )}
      </section>
    </div>
  );
}
