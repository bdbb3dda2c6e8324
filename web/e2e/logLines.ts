// Log lines for the browser tests: OTLP over HTTP, in JSON.
import { expect, type Page } from '@playwright/test';

export interface SentLine {
  body: string;
  /** 9 info, 13 warn, 17 error. */
  severity: number;
  /** Milliseconds before now. */
  ago: number;
  attributes?: Record<string, string | number>;
  traceId?: string;
  spanId?: string;
}

function attributes(from: Record<string, string | number>): object[] {
  return Object.entries(from).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}

/** Of one service on one host. What is accepted can be found at once. */
export async function sendLines(page: Page, service: string, lines: readonly SentLine[]): Promise<void> {
  const now = Date.now();
  const logRecords = lines.map((line) => ({
    timeUnixNano: String(BigInt(Math.round(now - line.ago)) * 1_000_000n),
    severityNumber: line.severity,
    body: { stringValue: line.body },
    attributes: attributes(line.attributes ?? {}),
    ...(line.traceId === undefined ? {} : { traceId: line.traceId, spanId: line.spanId }),
  }));
  const resource = { attributes: attributes({ 'service.name': service, 'host.name': `${service}-1` }) };
  const data = { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'browser-tests' }, logRecords }] }] };
  const answer = await page.request.post('/v1/logs', { data, headers: { 'content-type': 'application/json' } });
  expect(answer.status(), `/v1/logs: ${await answer.text()}`).toBe(200);
}
