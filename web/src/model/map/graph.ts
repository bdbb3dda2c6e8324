// Who calls whom: nodes and edges, with what is known of the calls.
import type { Labels, QueryData } from '@/api/query';

export type EdgeKind = 'request' | 'messaging' | 'database' | 'virtual';
export type NodeKind = 'service' | 'database' | 'external' | 'user';

export interface Edge {
  /** Unique in the graph. */
  key: string;
  client: string;
  server: string;
  kind: EdgeKind;
  /** Calls a second. */
  rate: number;
  /** Share of them that failed. */
  errors: number;
  /** Seconds; null when not known. */
  p95: number | null;
}

export interface Node {
  name: string;
  kind: NodeKind;
  /** Calls a second: requests of a service as its own spans count them, otherwise what leads to it. */
  rate: number;
  /** Of one that takes none, or of which that is not known, `rate` and `errors` are of the calls that it makes. */
  counts: 'taken' | 'made';
  errors: number;
  /** Of its requests; where that is not known, the slowest of what leads to it. */
  p95: number | null;
  /** Whether some of what leads to it are messages. */
  takesMessages: boolean;
}

export interface Graph {
  nodes: Node[];
  edges: Edge[];
}

/** What calls what nobody calls. */
export const USER = 'user';

const KINDS: Record<string, EdgeKind> = {
  '': 'request',
  messaging_system: 'messaging',
  database: 'database',
  virtual_node: 'virtual',
};

export interface GraphAnswers {
  total: QueryData | undefined;
  failed: QueryData | undefined;
  p95: QueryData | undefined;
}

/** A service as its own spans tell of it. */
export interface Own {
  name: string;
  /** Requests that it takes; null when it takes none. */
  red: { rate: number; errors: number | null; p95: number | null } | null;
}

/** `own` is every service that sent spans: those that nobody calls, and that call nobody, are on the map too. */
export function readGraph(answers: GraphAnswers, own: readonly Own[] = []): Graph {
  const failed = valuesOf(answers.failed);
  const p95 = valuesOf(answers.p95);
  const edges: Edge[] = [];
  for (const [key, { labels, value: rate }] of valuesOf(answers.total)) {
    if (!(rate > 0)) continue;
    const share = Math.min(1, (failed.get(key)?.value ?? 0) / rate);
    edges.push({
      key,
      client: labels['client'] ?? '',
      server: labels['server'] ?? '',
      kind: KINDS[labels['connection_type'] ?? ''] ?? 'request',
      rate,
      errors: share,
      p95: p95.get(key)?.value ?? null,
    });
  }
  const told = apart(edges, own).sort((a, b) => (a.key < b.key ? -1 : 1));
  return { edges: told, nodes: nodesOf(told, own) };
}

/** A database that is called as a service is another node: the orders that `orders` keeps in `orders`. */
function apart(edges: readonly Edge[], own: readonly Own[]): Edge[] {
  const services = new Set([
    ...own.map((one) => one.name),
    ...edges.flatMap((edge) => (edge.kind === 'database' ? [edge.client] : [edge.client, edge.server])),
  ]);
  return edges.map((edge) =>
    edge.kind === 'database' && services.has(edge.server) ? { ...edge, server: `${edge.server} (database)` } : edge,
  );
}

function valuesOf(data: QueryData | undefined): Map<string, { labels: Labels; value: number }> {
  const out = new Map<string, { labels: Labels; value: number }>();
  if (data?.resultType !== 'vector') return out;
  for (const item of data.result) {
    const value = Number(item.value?.[1] ?? NaN);
    const { client = '', server = '', connection_type: type = '' } = item.metric;
    if (Number.isFinite(value)) out.set(`${client}\n${server}\n${type}`, { labels: item.metric, value });
  }
  return out;
}

export function nodesOf(edges: readonly Edge[], own: readonly Own[] = []): Node[] {
  const services = new Map(own.map((one) => [one.name, one]));
  const names = new Set([...edges.flatMap((edge) => [edge.client, edge.server]), ...services.keys()]);
  return [...names].sort().map((name) => {
    const into = edges.filter((edge) => edge.server === name && edge.client !== name);
    const out = edges.filter((edge) => edge.client === name);
    const service = services.get(name);
    return {
      name,
      kind: service === undefined ? kindOf(name, into, out) : 'service',
      ...numbersOf(into, out, service?.red ?? null),
      takesMessages: into.some((edge) => edge.kind === 'messaging'),
    };
  });
}

/** What it says of itself goes before what others say of it: calls are counted in pairs, and a pair needs both halves. */
function numbersOf(
  into: readonly Edge[],
  out: readonly Edge[],
  red: Own['red'],
): Pick<Node, 'rate' | 'counts' | 'errors' | 'p95'> {
  if (red !== null) return { rate: red.rate, counts: 'taken', errors: red.errors ?? 0, p95: red.p95 };
  const counted = into.length > 0 ? into : out;
  const rate = counted.reduce((sum, edge) => sum + edge.rate, 0);
  const failed = counted.reduce((sum, edge) => sum + edge.rate * edge.errors, 0);
  const p95 = into.reduce<number | null>(
    (most, edge) => (edge.p95 === null ? most : Math.max(most ?? 0, edge.p95)),
    null,
  );
  return { rate, counts: into.length > 0 ? 'taken' : 'made', errors: rate > 0 ? failed / rate : 0, p95 };
}

/** Whoever calls, or is called by what both sides tell of, is a service. */
function kindOf(name: string, into: readonly Edge[], out: readonly Edge[]): NodeKind {
  if (name === USER && into.length === 0 && out.every((edge) => edge.kind === 'virtual')) return 'user';
  if (out.length > 0 || into.some((edge) => edge.kind === 'request' || edge.kind === 'messaging')) return 'service';
  // A service that only users call is named by its own spans.
  if (into.some((edge) => edge.kind === 'virtual' && edge.client === USER)) return 'service';
  return into.some((edge) => edge.kind === 'database') ? 'database' : 'external';
}

/** A node with those it calls and those that call it. */
export function neighbourhood(graph: Graph, name: string): Graph {
  const edges = graph.edges.filter((edge) => edge.client === name || edge.server === name);
  const names = new Set(edges.flatMap((edge) => [edge.client, edge.server]));
  return { edges, nodes: graph.nodes.filter((node) => names.has(node.name)) };
}

/** Only what leads to or from nodes whose names have the text. */
export function findInGraph(graph: Graph, text: string): Set<string> | null {
  const needle = text.trim().toLowerCase();
  if (needle === '') return null;
  return new Set(graph.nodes.map((node) => node.name).filter((name) => name.toLowerCase().includes(needle)));
}
