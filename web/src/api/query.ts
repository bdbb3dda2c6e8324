// /api/v1/query, query_range, query_exemplars, format_query.
import { ask, type Answer } from './client';

export type Labels = Record<string, string>;

/** Seconds since 1970 and the value as text: floats travel as text so that NaN and ±Inf survive JSON. */
export type WireSample = [number, string];

/** Which bounds belong to the bucket: 0 = (a, b], 1 = [a, b), 2 = (a, b), 3 = [a, b]. */
export type WireBucket = [number, string, string, string];

export interface WireHistogram {
  count: string;
  sum: string;
  buckets?: WireBucket[];
}

export interface WireVectorItem {
  metric: Labels;
  value?: WireSample;
  histogram?: [number, WireHistogram];
}

export interface WireMatrixItem {
  metric: Labels;
  values?: WireSample[];
  histograms?: [number, WireHistogram][];
}

export type QueryData =
  | { resultType: 'vector'; result: WireVectorItem[] }
  | { resultType: 'matrix'; result: WireMatrixItem[] }
  | { resultType: 'scalar' | 'string'; result: WireSample };

export interface WireExemplar {
  labels: Labels;
  value: string;
  timestamp: number;
}

export interface WireExemplarSeries {
  seriesLabels: Labels;
  exemplars: WireExemplar[];
}

export interface RangeRequest {
  query: string;
  /** Seconds since 1970. */
  start: number;
  end: number;
  /** Seconds. */
  step: number;
}

export function queryInstant(query: string, time: number, signal?: AbortSignal): Promise<Answer<QueryData>> {
  return ask<QueryData>('/api/v1/query', { query, time }, signal);
}

export function queryRange(request: RangeRequest, signal?: AbortSignal): Promise<Answer<QueryData>> {
  return ask<QueryData>('/api/v1/query_range', { ...request }, signal);
}

export function queryExemplars(
  query: string,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Answer<WireExemplarSeries[] | null>> {
  return ask<WireExemplarSeries[] | null>('/api/v1/query_exemplars', { query, start, end }, signal);
}

export function formatQuery(query: string): Promise<Answer<string>> {
  return ask<string>('/api/v1/format_query', { query });
}
