// /api/pharos/explain: what each part of a query cost. Answered by Pharos only.
import { ask } from './client';
import type { RangeRequest } from './query';

export interface WireExplainNode {
  expr: string;
  /** Place of the part in the query, in bytes of UTF-8. */
  start?: number;
  end?: number;
  series: number;
  /** Series that came in, where that is known. */
  series_in?: number;
  samples: number;
  duration_ms: number;
  /** `rate()`, `sum`, `range selector`. */
  kind?: string;
  /** Evaluated once for all steps. */
  once?: boolean;
  /** Done in one pass with the part above, which has its time. */
  fused?: boolean;
  children?: WireExplainNode[];
}

export interface WireExplain {
  root: WireExplainNode;
  total_ms: number;
  samples: number;
  peak_samples: number;
}

export async function explain(request: RangeRequest, signal?: AbortSignal): Promise<WireExplain> {
  return (await ask<WireExplain>('/api/pharos/explain', { ...request }, signal)).data;
}
