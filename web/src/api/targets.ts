// What is scraped, how it goes, and how its labels came to be.
import { ApiError, get } from './client';
import type { Labels } from './query';

export type Health = 'up' | 'down' | 'unknown';

export interface WireTarget {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl: string;
  lastError: string;
  /** RFC 3339; the year 1 when there was no scrape yet. */
  lastScrape: string;
  /** Seconds. */
  lastScrapeDuration: number;
  health: Health;
  scrapeInterval: string;
  scrapeTimeout: string;
  /** What to do about `lastError`: said by Pharos only. */
  advice?: string;
  /** Something that went wrong without failing the scrape: said by Pharos only. */
  lastWarning?: string;
}

export interface WireDroppedTarget {
  discoveredLabels: Labels;
  scrapePool?: string;
}

export interface WireTargets {
  activeTargets: WireTarget[];
  droppedTargets: WireDroppedTarget[];
  droppedTargetCounts?: Record<string, number>;
}

export interface WireRelabelRule {
  source_labels?: string[];
  separator?: string;
  regex?: string;
  modulus?: number;
  target_label?: string;
  replacement?: string;
  action?: string;
}

export interface WireRelabelStep {
  rule: WireRelabelRule;
  output: Labels;
  keep: boolean;
}

/** Targets with advice where the server gives it, as Prometheus has them otherwise. */
export async function targets(signal?: AbortSignal): Promise<WireTargets> {
  try {
    return (await get<WireTargets>('/api/pharos/targets', {}, signal)).data;
  } catch (error) {
    if (!(error instanceof ApiError && error.isMissing)) throw error;
    return (await get<WireTargets>('/api/v1/targets', {}, signal)).data;
  }
}

export async function relabelSteps(pool: string, labels: Labels, signal?: AbortSignal): Promise<WireRelabelStep[]> {
  const params = { scrapePool: pool, labels: JSON.stringify(labels) };
  return (await get<{ steps: WireRelabelStep[] }>('/api/v1/targets/relabel_steps', params, signal)).data.steps;
}
