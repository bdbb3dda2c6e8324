// The only place that talks to the server: sends a request, opens Prometheus's envelope, names what went wrong.
import { parseExact } from '@/lib/json';

/** What the server said beside the data. */
export interface Remarks {
  warnings: string[];
  infos: string[];
}

export interface Answer<T> extends Remarks {
  data: T;
}

export type ParamValue = string | number | string[] | undefined;
export type Params = Record<string, ParamValue>;

/** Above this many characters parameters travel in a body: proxies commonly refuse request lines over 8 KiB. */
const QUERY_CHARS_MAX = 3000;

/** A request that brought no data. `status` is 0 when no server answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get isMissing(): boolean {
    return this.status === 404;
  }

  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

/** Where in a query the fault is, both from 1; columns count characters. */
export interface Position {
  line: number;
  column: number;
}

/** A refusal of Pharos's own API, which says where a query is wrong and what to write instead. */
export class RefusedError extends ApiError {
  constructor(
    status: number,
    code: string,
    message: string,
    readonly position: Position | null,
    readonly hint: string | null,
  ) {
    super(status, code, message);
    this.name = 'RefusedError';
  }
}

interface Envelope {
  status?: string;
  data?: unknown;
  error?: string;
  errorType?: string;
  warnings?: string[];
  infos?: string[];
}

export function encodeParams(params: Params): URLSearchParams {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) value.forEach((one) => out.append(key, one));
    else out.append(key, String(value));
  }
  return out;
}

export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<Answer<T>> {
  const query = encodeParams(params).toString();
  return send<T>(query === '' ? path : `${path}?${query}`, { signal: signal ?? null });
}

/** For addresses that answer GET and POST alike: POST when the parameters are long. */
export async function ask<T>(path: string, params: Params, signal?: AbortSignal): Promise<Answer<T>> {
  const body = encodeParams(params);
  if (body.toString().length <= QUERY_CHARS_MAX) return get<T>(path, params, signal);
  return send<T>(path, { method: 'POST', body, signal: signal ?? null });
}

/** An address of Pharos's own, whose answer is the data itself. */
export async function read<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return readBy((response) => response.json() as Promise<unknown>, path, params, signal);
}

/** The same, of events: their whole numbers that a double cannot hold come as text. */
export async function readEvents<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  return readBy(async (response) => parseExact(await response.text()), path, params, signal);
}

async function readBy<T>(
  parse: (response: Response) => Promise<unknown>,
  path: string,
  params: Params,
  signal: AbortSignal | undefined,
): Promise<T> {
  const query = encodeParams(params).toString();
  const response = await reach(query === '' ? path : `${path}?${query}`, { signal: signal ?? null });
  const body: unknown = await open(response, parse);
  if (!response.ok) throw refusal(response, body);
  return body as T;
}

interface WireRefusal {
  error?: { code?: string; message?: string; position?: Position; hint?: string } | string;
}

function refusal(response: Response, body: unknown): ApiError {
  const fallback = `${response.status} ${response.statusText}`.trim();
  const error = (body as WireRefusal | null)?.error;
  if (typeof error !== 'object') return new ApiError(response.status, 'http', error ?? fallback);
  const { code = 'http', message = fallback, position = null, hint = null } = error;
  return new RefusedError(response.status, code, message, position, hint);
}

async function send<T>(url: string, init: RequestInit): Promise<Answer<T>> {
  const response = await reach(url, init);
  const envelope = await open(response);
  if (!response.ok || envelope.status === 'error') {
    const fallback = `${response.status} ${response.statusText}`.trim();
    throw new ApiError(response.status, envelope.errorType ?? 'http', envelope.error ?? fallback);
  }
  return { data: envelope.data as T, warnings: envelope.warnings ?? [], infos: envelope.infos ?? [] };
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, headers: { accept: 'application/json' } });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', 'The server does not answer.');
  }
}

async function open(
  response: Response,
  parse = (from: Response) => from.json() as Promise<unknown>,
): Promise<Envelope> {
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  if (!isJson) {
    // A development proxy answers 500 with no body when nothing listens behind it.
    if (response.status >= 500) throw new ApiError(0, 'unreachable', 'The server does not answer.');
    const text = (await response.text()).trim().slice(0, 300);
    throw new ApiError(response.status, 'http', text.startsWith('<') || text === '' ? `HTTP ${response.status}` : text);
  }
  return (await parse(response)) as Envelope;
}
