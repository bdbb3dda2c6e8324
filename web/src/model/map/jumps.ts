// Where nodes and calls of the map lead.
import { logsOf, serviceAt, tracesOf } from '@/model/services/jumps';
import type { Jump } from '@/model/trace/jumps';
import type { TimeRange } from '@/model/timeRange';
import type { Edge, Graph, Node } from './graph';

export interface NamedJump {
  title: string;
  to: Jump;
}

export function nodeJumps(node: Node, graph: Graph, range: TimeRange): NamedJump[] {
  if (node.kind === 'service') {
    return [
      { title: 'Open the service', to: serviceAt(node.name, range) },
      { title: 'Traces', to: tracesOf(node.name, range) },
      { title: 'Traces with errors', to: tracesOf(node.name, range, { errors: true }) },
      { title: 'Logs', to: logsOf(node.name, range) },
    ];
  }
  // It sends nothing itself: who calls it tells.
  const callers = graph.edges.filter((edge) => edge.server === node.name).map((edge) => edge.client);
  return [...new Set(callers)].slice(0, 5).map((caller) => ({
    title: `Traces of ${caller}`,
    to: tracesOf(caller, range, { q: 'kind:(client or producer)' }),
  }));
}

/** The caller's half of the calls where the other sends none, the called one's otherwise. */
export function edgeJumps(edge: Edge, graph: Graph, range: TimeRange): NamedJump[] {
  const isService = (name: string): boolean =>
    graph.nodes.some((node) => node.name === name && node.kind === 'service');
  const teller = isService(edge.server) ? edge.server : edge.client;
  const q = teller === edge.server ? 'kind:(server or consumer)' : 'kind:(client or producer)';
  return [
    { title: 'Traces of these calls', to: tracesOf(teller, range, { q }) },
    { title: 'The slowest', to: tracesOf(teller, range, { q, slowest: true }) },
    ...(edge.errors > 0 ? [{ title: 'Those with errors', to: tracesOf(teller, range, { q, errors: true }) }] : []),
    ...[edge.client, edge.server]
      .filter(isService)
      .map((name) => ({ title: `Open ${name}`, to: serviceAt(name, range) })),
  ];
}
