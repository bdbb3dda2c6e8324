// /api/pharos/events: how many events of each kind are kept, and in what.
import { get } from './client';
import type { EventKind } from './events';

export interface WireKind {
  kind: EventKind;
  /** In no file yet. */
  memory_rows: number;
  file_rows: number;
  files: number;
  file_bytes: number;
  /** RFC 3339, of those in files; null without. */
  oldest: string | null;
  newest: string | null;
  /** Of attributes. */
  columns: number;
}

export interface WireKept {
  kinds: WireKind[];
  memory_bytes: number;
  log_bytes: number;
  disk_full: boolean;
  damaged: string[];
}

export async function kept(signal?: AbortSignal): Promise<WireKept> {
  return (await get<WireKept>('/api/pharos/events', {}, signal)).data;
}
