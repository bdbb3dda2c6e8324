// What is asked of the metrics of the service graph.
import { quote } from '@/model/labels';

const BY = 'client, server, connection_type';

/** Of one service's neighbours, or of all. */
export interface GraphScope {
  client?: string;
  server?: string;
}

const selector = (scope: GraphScope): string => {
  const pairs = Object.entries(scope).map(([name, value]) => `${name}=${quote(String(value))}`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

export interface GraphQueries {
  total: string;
  failed: string;
  p95: string;
}

export function graphQueries(seconds: number, scope: GraphScope = {}): GraphQueries {
  const rate = (metric: string): string =>
    `rate(traces_service_graph_request_${metric}${selector(scope)}[${seconds}s])`;
  return {
    total: `sum by (${BY}) (${rate('total')})`,
    failed: `sum by (${BY}) (${rate('failed_total')})`,
    p95: `histogram_quantile(0.95, sum by (${BY}, le) (${rate('server_seconds_bucket')}))`,
  };
}
