import { printDuration, printShare } from '@/components/services/Red';
import type { EdgeKind, Graph, NodeKind } from '@/model/map/graph';
import { printRate } from '@/model/services/rate';
import { errorLevel } from '@/model/services/service';
import type { Point } from '@/model/map/layout';
import type { Choice } from './GraphView';
import classes from './Map.module.css';

interface Props {
  graph: Graph;
  choice: Choice;
  /** On the screen. */
  at: Point;
  width: number;
  height: number;
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

const OFFSET_PX = 34;

export function GraphTip({ graph, choice, at, width, height }: Props) {
  const style = {
    ...(at.x > width / 2 ? { right: width - at.x + OFFSET_PX } : { left: at.x + OFFSET_PX }),
    ...(at.y > height / 2 ? { bottom: height - at.y } : { top: at.y }),
  };
  const shown = describe(graph, choice);
  if (shown === null) return null;
  return (
    <div className={classes.tip} style={style}>
      <b>{shown.title}</b>
      <p className="muted">{shown.what}</p>
      <dl className="num">
        <dt>Requests</dt>
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
    return node === undefined ? null : { ...node, title: node.name, what: NODE_WORDS[node.kind] };
  }
  const edge = graph.edges.find((one) => one.key === choice.edge);
  return edge === undefined ? null : { ...edge, title: `${edge.client} → ${edge.server}`, what: EDGE_WORDS[edge.kind] };
}
