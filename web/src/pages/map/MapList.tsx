// The map as a list: every call a row.
import { useMemo, useState } from 'react';
import { EDGE_WORDS } from '@/components/map/GraphTip';
import { DurationCell, ErrorCell, RateCell } from '@/components/services/Red';
import { SortHead } from '@/components/services/SortHead';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { edgeJumps } from '@/model/map/jumps';
import { sortEdges, type EdgeKey } from '@/model/map/sort';
import type { Graph } from '@/model/map/graph';
import { serviceAt } from '@/model/services/jumps';
import { rateUnit } from '@/model/services/rate';
import classes from './MapPage.module.css';

export function MapList({ graph, found }: { graph: Graph; found: ReadonlySet<string> | null }) {
  const { range } = useTime();
  const [sort, setSort] = useState<{ key: EdgeKey; descending: boolean }>({ key: 'rate', descending: true });
  const edges = useMemo(
    () =>
      sortEdges(
        graph.edges.filter((edge) => found === null || found.has(edge.client) || found.has(edge.server)),
        sort.key,
        sort.descending,
      ),
    [graph, found, sort],
  );
  const unit = rateUnit(edges.map((edge) => edge.rate));
  const kinds = useMemo(() => new Map(graph.nodes.map((node) => [node.name, node.kind])), [graph]);
  const head = {
    sort: sort.key,
    descending: sort.descending,
    onSort: (key: EdgeKey, descending: boolean) => setSort({ key, descending }),
  };
  const name = (one: string) =>
    kinds.get(one) === 'service' ? <JumpLink to={serviceAt(one, range)}>{one}</JumpLink> : <span>{one}</span>;
  return (
    <div className={classes.list} role="table" aria-label="Calls">
      <div className={`${classes.row} ${classes.head}`} role="row">
        <SortHead name="client" title="From" isNumber={false} {...head} />
        <SortHead name="server" title="To" isNumber={false} {...head} />
        <span>What</span>
        <SortHead name="rate" title="Requests" {...head} />
        <SortHead name="errors" title="Errors" {...head} />
        <SortHead name="p95" title="p95" {...head} />
        <span />
      </div>
      {edges.map((edge) => {
        const [traces] = edgeJumps(edge, graph, range);
        return (
          <div key={edge.key} className={classes.row} role="row">
            {name(edge.client)}
            {name(edge.server)}
            <span className="muted">{EDGE_WORDS[edge.kind]}</span>
            <RateCell rate={edge.rate} unit={unit} />
            <ErrorCell share={edge.errors} />
            <DurationCell value={edge.p95} />
            {traces === undefined ? <span /> : <JumpLink to={traces.to}>Traces</JumpLink>}
          </div>
        );
      })}
    </div>
  );
}
