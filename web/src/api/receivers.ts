// /api/pharos/receivers: what came by which door, and what was turned away and why.
import { get } from './client';

export interface WireRefusal {
  reason: string;
  /** Items; of requests that could not be read, requests. */
  count: number;
  message: string;
  last: string;
}

/** A door and a signal, since the start. */
export interface WireReceiver {
  receiver: string;
  signal: string;
  requests: number;
  /** Requests of which nothing was taken. */
  requests_refused: number;
  /** Bodies as they came. */
  bytes: number;
  accepted: number;
  rejected: number;
  /** RFC 3339. */
  last: string;
  refusals: WireRefusal[];
}

export async function receivers(signal?: AbortSignal): Promise<WireReceiver[]> {
  return (await get<{ receivers: WireReceiver[] }>('/api/pharos/receivers', {}, signal)).data.receivers;
}
