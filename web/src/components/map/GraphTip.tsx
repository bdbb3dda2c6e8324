import { printDuration, printShare } from '@/components/services/Red';
import type { EdgeKind, Graph, NodeKind } from '@/model/map/graph';
import { printRate } from '@/model/services/rate';
import { errorLevel } from '@/model/services/service';
import type { TipPlace } from '@/model/map/tip';
import type { Choice } from './GraphView';
import classes from './Map.module.css';

interface Props {
  graph: Graph;
  choice: Choice;
  at: TipPlace;
}

export const NODE_WORDS: Record<NodeKind, string> = {
  service: 'Service',
  database: 'Database',
  external: 'Outside: it sends no spans',
  user: 'Whoever calls from outside',
};

export const EDGE_WORDS: Record<EdgeKind, string> = {
  request: 'Requests',
  messaging: 'Messages',
  database: 'Statements to a database',
  virtual: 'Calls that one side alone tells of',
};

export function GraphTip({ graph, choice, at }: Props) {
  const shown = describe(graph, choice);
  if (shown === null) return null;
  return (
    <div className={classes.tip} style={{ ...at }}>
      <b>{shown.title}</b>
      <p className="muted">{shown.what}</p>
      <dl className="num">
        <dt>{shown.rateTitle}</dt>
        <dd>{printRate(shown.rate)}</dd>
        <dt>Errors</dt>
        <dd data-level={errorLevel(shown.errors)}>{printShare(shown.errors)}</dd>
        {shown.p95 !== null && (
          <>
            <dt>p95</dt>
            <dd>{printDuration(shown.p95)}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

export function describe(graph: Graph, choice: Choice) {
  if ('node' in choice) {
    const node = graph.nodes.find((one) => one.name === choice.node);
    if (node === undefined) return null;
    const rateTitle = node.counts === 'made' ? 'Calls made' : 'Requests';
    return { ...node, title: node.name, what: NODE_WORDS[node.kind], rateTitle };
  }
  const edge = graph.edges.find((one) => one.key === choice.edge);
  if (edge === undefined) return null;
  return { ...edge, title: `${edge.client} → ${edge.server}`, what: EDGE_WORDS[edge.kind], rateTitle: 'Requests' };
}
