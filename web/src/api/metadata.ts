// What exists: metric names and their metadata, labels and their values.
import { ask, get } from './client';
import type { Labels } from './query';

export interface WireMetadata {
  type: string;
  unit: string;
  help: string;
}

export interface Window {
  /** Seconds since 1970. */
  start: number;
  end: number;
}

export async function metadata(signal?: AbortSignal): Promise<Record<string, WireMetadata[]>> {
  return (await get<Record<string, WireMetadata[]>>('/api/v1/metadata', { limit_per_metric: 1 }, signal)).data;
}

export async function metricNames(window: Window, limit?: number, signal?: AbortSignal): Promise<string[]> {
  return labelValues('__name__', { ...window, limit, signal });
}

export interface LabelRequest extends Window {
  match?: string;
  limit?: number | undefined;
  signal?: AbortSignal | undefined;
}

export async function labelNames(request: LabelRequest): Promise<string[]> {
  const { signal, match, ...rest } = request;
  return (await ask<string[]>('/api/v1/labels', { ...rest, 'match[]': match }, signal)).data;
}

export async function labelValues(label: string, request: LabelRequest): Promise<string[]> {
  const { signal, match, ...rest } = request;
  const path = `/api/v1/label/${encodeLabelName(label)}/values`;
  return (await get<string[]>(path, { ...rest, 'match[]': match }, signal)).data;
}

export async function series(request: LabelRequest): Promise<Labels[]> {
  const { signal, match, ...rest } = request;
  return (await ask<Labels[]>('/api/v1/series', { ...rest, 'match[]': match }, signal)).data;
}

/**
 * A label name in a path: names outside the legacy alphabet are escaped as `U__…_hex_…`
 * (Prometheus, "UTF-8 in the API": values escaping).
 */
export function encodeLabelName(name: string): string {
  if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) return name;
  const escaped = [...name].map((char, index) => {
    if (char === '_') return '__';
    const isPlain = /[a-zA-Z]/.test(char) || (index > 0 && /[0-9]/.test(char));
    return isPlain ? char : `_${(char.codePointAt(0) ?? 0).toString(16)}_`;
  });
  return `U__${escaped.join('')}`;
}
