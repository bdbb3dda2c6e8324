// Telemetry for the browser tests, sent as an SDK would: OTLP over HTTP, in JSON.
import { randomBytes } from 'node:crypto';
import { expect, type Page } from '@playwright/test';

export interface SentSpan {
  service: string;
  name: string;
  /** Milliseconds after the trace's start. */
  from: number;
  to: number;
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  error?: string;
  /** Recorded at its end. */
  exception?: { type: string; message: string };
  attributes?: Record<string, string | number>;
  children?: SentSpan[];
}

export interface SentLog {
  body: string;
  severity: number;
  /** Milliseconds after the trace's start. */
  at: number;
  service: string;
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const START_MS_AGO = 30_000;

export const newTraceId = (): string => randomBytes(16).toString('hex');

function attributes(from: Record<string, string | number>): object[] {
  return Object.entries(from).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { doubleValue: value } : { stringValue: value },
  }));
}

interface Started {
  traceId: string;
  /** Milliseconds since 1970. */
  start: number;
}

const nanos = (start: number, after: number): string => String(BigInt(Math.round((start + after) * 1000)) * 1000n);

/** A span a resource: the tests send little. */
export function otlpTrace(root: SentSpan, { traceId, start }: Started): { document: object; ids: Map<string, string> } {
  const resourceSpans: object[] = [];
  const ids = new Map<string, string>();
  const visit = (span: SentSpan, parentSpanId: string): void => {
    const spanId = randomBytes(8).toString('hex');
    ids.set(span.name, spanId);
    resourceSpans.push({
      resource: { attributes: attributes({ 'service.name': span.service, 'host.name': `${span.service}-1` }) },
      scopeSpans: [
        {
          scope: { name: 'browser-tests' },
          spans: [
            {
              traceId,
              spanId,
              parentSpanId,
              name: span.name,
              kind: KINDS.indexOf(span.kind ?? 'internal'),
              startTimeUnixNano: nanos(start, span.from),
              endTimeUnixNano: nanos(start, span.to),
              attributes: attributes(span.attributes ?? {}),
              events:
                span.exception === undefined
                  ? []
                  : [
                      {
                        name: 'exception',
                        timeUnixNano: nanos(start, span.to),
                        attributes: attributes({
                          'exception.type': span.exception.type,
                          'exception.message': span.exception.message,
                        }),
                      },
                    ],
              status: span.error === undefined ? {} : { code: 2, message: span.error },
            },
          ],
        },
      ],
    });
    span.children?.forEach((child) => visit(child, spanId));
  };
  visit(root, '');
  return { document: { resourceSpans }, ids };
}

/** Sends a trace that began half a minute ago, and its log lines with the root's span. Its id. */
export async function sendTrace(page: Page, root: SentSpan, logs: SentLog[] = []): Promise<string> {
  const started = { traceId: newTraceId(), start: Date.now() - START_MS_AGO };
  const { document, ids } = otlpTrace(root, started);
  await post(page, '/v1/traces', document);
  if (logs.length > 0) {
    const spanId = ids.get(root.name) ?? '';
    const resourceLogs = logs.map((log) => ({
      resource: { attributes: attributes({ 'service.name': log.service }) },
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: nanos(started.start, log.at),
              severityNumber: log.severity,
              body: { stringValue: log.body },
              traceId: started.traceId,
              spanId,
            },
          ],
        },
      ],
    }));
    await post(page, '/v1/logs', { resourceLogs });
  }
  return started.traceId;
}

/** What is accepted can be found at once. */
async function post(page: Page, path: string, data: object): Promise<void> {
  const answer = await page.request.post(path, { data, headers: { 'content-type': 'application/json' } });
  expect(answer.status(), `${path}: ${await answer.text()}`).toBe(200);
}
