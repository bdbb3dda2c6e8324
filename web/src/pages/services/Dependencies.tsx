// Who calls a service and whom it calls.
import { IconAffiliate, IconDatabase, IconMail, IconServer2, IconUser, IconWorld } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useGraph } from '@/components/map/useGraph';
import { DurationCell, ErrorCell, RateCell } from '@/components/services/Red';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import type { Edge, Graph, NodeKind } from '@/model/map/graph';
import { mapOf, serviceAt } from '@/model/services/jumps';
import { rateUnit, type RateUnit } from '@/model/services/rate';
import classes from './Service.module.css';

const ICONS: Record<NodeKind, typeof IconServer2> = {
  service: IconServer2,
  database: IconDatabase,
  external: IconWorld,
  user: IconUser,
};

export function Dependencies({ service }: { service: string }) {
  const { range } = useTime();
  const { graph, isLoading } = useGraph();
  const { callers, called } = useMemo(() => {
    const byRate = (a: Edge, b: Edge): number => b.rate - a.rate;
    return {
      callers: graph.edges.filter((edge) => edge.server === service).sort(byRate),
      called: graph.edges.filter((edge) => edge.client === service).sort(byRate),
    };
  }, [graph, service]);
  const unit = rateUnit([...callers, ...called].map((edge) => edge.rate));
  return (
    <section className={classes.panel} aria-label="Dependencies">
      <header className={classes.panelHead}>
        <h2>Dependencies</h2>
        <span className={classes.spring} />
        <JumpLink to={mapOf(service, range)} className={classes.small ?? ''}>
          <IconAffiliate size={14} stroke={1.7} /> On the map
        </JumpLink>
      </header>
      <List title="Called by" edges={callers} side="client" graph={graph} unit={unit} isLoading={isLoading} />
      <List title="Calls" edges={called} side="server" graph={graph} unit={unit} isLoading={isLoading} />
    </section>
  );
}

interface ListProps {
  title: string;
  edges: readonly Edge[];
  side: 'client' | 'server';
  graph: Graph;
  unit: RateUnit;
  isLoading: boolean;
}

function List({ title, edges, side, graph, unit, isLoading }: ListProps) {
  const { range } = useTime();
  return (
    <div role="table" aria-label={title} className={classes.deps}>
      <div className={`${classes.dep} ${classes.head}`} role="row">
        <span>
          {title} <b className="num">{edges.length}</b>
        </span>
        <span className={classes.right}>Requests</span>
        <span className={classes.right}>Errors</span>
        <span className={classes.right}>p95</span>
      </div>
      {edges.map((edge) => {
        const name = edge[side];
        const kind = graph.nodes.find((node) => node.name === name)?.kind ?? 'service';
        const Icon = edge.kind === 'messaging' ? IconMail : ICONS[kind];
        return (
          <div key={edge.key} className={classes.dep} role="row">
            <span className={classes.who}>
              <Icon size={14} stroke={1.7} aria-label={edge.kind === 'messaging' ? 'by message' : kind} />
              {kind === 'service' ? <JumpLink to={serviceAt(name, range)}>{name}</JumpLink> : <span>{name}</span>}
            </span>
            <RateCell rate={edge.rate} unit={unit} />
            <ErrorCell share={edge.errors} />
            <DurationCell value={edge.p95} />
          </div>
        );
      })}
      {edges.length === 0 && (
        <p className={classes.none}>
          {isLoading ? 'Loading…' : side === 'client' ? 'Nobody, in this time range' : 'Nothing, in this time range'}
        </p>
      )}
    </div>
  );
}
