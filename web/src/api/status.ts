// /api/v1/status/*, features and notifications: what the server says about itself.
import { get } from './client';

export type RuntimeInfo = Record<string, string | number | boolean>;
export type BuildInfo = Record<string, string>;
export type Flags = Record<string, string>;

export interface TsdbStat {
  name: string;
  value: number;
}

export interface TsdbStatus {
  headStats: {
    numSeries: number;
    numLabelPairs: number;
    chunkCount: number;
    /** Milliseconds since 1970. */
    minTime: number;
    maxTime: number;
  };
  seriesCountByMetricName: TsdbStat[];
  labelValueCountByLabelName: TsdbStat[];
  memoryInBytesByLabelName: TsdbStat[];
  seriesCountByLabelValuePair: TsdbStat[];
}

export interface TsdbBlock {
  ulid: string;
  /** Milliseconds since 1970. */
  minTime: number;
  maxTime: number;
  stats?: { numSamples?: number; numSeries?: number; numChunks?: number; numTombstones?: number; numBytes?: number };
  compaction?: { level?: number; sources?: string[] };
  version?: number;
}

export interface WalReplay {
  min: number;
  max: number;
  current: number;
  state?: string;
}

export interface Notification {
  text: string;
  date: string;
  active: boolean;
}

export type Features = Record<string, Record<string, boolean>>;

export async function runtimeInfo(signal?: AbortSignal): Promise<RuntimeInfo> {
  return (await get<RuntimeInfo>('/api/v1/status/runtimeinfo', {}, signal)).data;
}

export async function buildInfo(signal?: AbortSignal): Promise<BuildInfo> {
  return (await get<BuildInfo>('/api/v1/status/buildinfo', {}, signal)).data;
}

export async function flags(signal?: AbortSignal): Promise<Flags> {
  return (await get<Flags>('/api/v1/status/flags', {}, signal)).data;
}

export async function config(signal?: AbortSignal): Promise<string> {
  return (await get<{ yaml: string }>('/api/v1/status/config', {}, signal)).data.yaml;
}

export async function tsdbStatus(limit: number, signal?: AbortSignal): Promise<TsdbStatus> {
  return (await get<TsdbStatus>('/api/v1/status/tsdb', { limit }, signal)).data;
}

export async function tsdbBlocks(signal?: AbortSignal): Promise<TsdbBlock[]> {
  return (await get<{ blocks: TsdbBlock[] | null }>('/api/v1/status/tsdb/blocks', {}, signal)).data.blocks ?? [];
}

export async function walReplay(signal?: AbortSignal): Promise<WalReplay> {
  return (await get<WalReplay>('/api/v1/status/walreplay', {}, signal)).data;
}

export async function features(signal?: AbortSignal): Promise<Features> {
  return (await get<Features>('/api/v1/features', {}, signal)).data;
}

export async function notifications(signal?: AbortSignal): Promise<Notification[]> {
  return (await get<Notification[] | null>('/api/v1/notifications', {}, signal)).data ?? [];
}
