// What the editor's completion asks of the server, bounded and remembered for a minute.
import type { PrometheusClient } from '@prometheus-io/codemirror-promql';
import { EqlRegex, EqlSingle, Neq, NeqRegex } from '@prometheus-io/lezer-promql';
import { labelNames, labelValues, metadata, series as findSeries, type WireMetadata } from './metadata';
import { flags } from './status';

type Matchers = Parameters<PrometheusClient['labelValues']>[2];

const KEEP_MS = 60_000;
/** Names that exist now: what vanished an hour ago is not what somebody types. */
const WINDOW_SECONDS = 3600;
/** A list to choose from, not a dump: at a high cardinality the answer would be megabytes. */
const METRICS_MAX = 20_000;
const VALUES_MAX = 1000;
const SERIES_MAX = 500;

export class CompletionClient implements PrometheusClient {
  private readonly kept = new Map<string, { at: number; answer: Promise<unknown> }>();

  labelNames(metric?: string): Promise<string[]> {
    return this.keep(`labels ${metric ?? ''}`, () =>
      labelNames({ ...window(), ...matching(metric), limit: VALUES_MAX }),
    );
  }

  labelValues(label: string, metric?: string, matchers?: Matchers): Promise<string[]> {
    const match = selector(metric, label, matchers);
    const limit = label === '__name__' ? METRICS_MAX : VALUES_MAX;
    return this.keep(`values ${label} ${match ?? ''}`, () =>
      labelValues(label, { ...window(), ...when(match), limit }),
    );
  }

  metricMetadata(): Promise<Record<string, WireMetadata[]>> {
    return this.keep('metadata', () => metadata());
  }

  metricNames(): Promise<string[]> {
    return this.labelValues('__name__');
  }

  async series(metric: string, matchers?: Matchers): Promise<Map<string, string>[]> {
    const match = selector(metric, '', matchers);
    const found = await this.keep(`series ${match ?? ''}`, () =>
      findSeries({ ...window(), ...when(match), limit: SERIES_MAX }),
    );
    return found.map((labels) => new Map(Object.entries(labels)));
  }

  flags(): Promise<Record<string, string>> {
    return this.keep('flags', () => flags());
  }

  private keep<T>(key: string, load: () => Promise<T>): Promise<T> {
    const now = Date.now();
    const known = this.kept.get(key);
    if (known !== undefined && now - known.at < KEEP_MS) return known.answer as Promise<T>;
    const answer = load().catch((error: unknown) => {
      this.kept.delete(key);
      throw error;
    });
    this.kept.set(key, { at: now, answer });
    return answer;
  }
}

function window(): { start: number; end: number } {
  const end = Math.ceil(Date.now() / 1000);
  return { start: end - WINDOW_SECONDS, end };
}

function when(match: string | undefined): { match?: string } {
  return match === undefined ? {} : { match };
}

function matching(metric: string | undefined): { match?: string } {
  return when(selector(metric, '', undefined));
}

const OPERATORS = new Map([
  [EqlSingle, '='],
  [Neq, '!='],
  [EqlRegex, '=~'],
  [NeqRegex, '!~'],
]);

/** `{__name__="x",job="y"}` from what is typed so far, without the label that is being completed. */
export function selector(metric: string | undefined, label: string, matchers: Matchers): string | undefined {
  const escape = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
  const parts = (matchers ?? [])
    .filter((one) => one.name !== label && one.value !== '')
    .map((one) => {
      return `${one.name}${OPERATORS.get(one.type) ?? '='}"${escape(one.value)}"`;
    });
  if (metric !== undefined && metric !== '') parts.unshift(`__name__="${escape(metric)}"`);
  return parts.length === 0 ? undefined : `{${parts.join(',')}}`;
}
