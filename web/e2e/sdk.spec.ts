// OpenTelemetry's web SDK in a page of another origin: spans pass the browser's preflight and are found.
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, test as base, type Page } from '@playwright/test';
import { build } from 'vite';
import { newTraceId, otlpTrace } from './otlp';

/** With the address of Pharos, which is another than the page's. */
const test = base.extend<{ pharos: string }>({
  pharos: async ({ baseURL }, give) => give(baseURL ?? ''),
});

interface Span {
  name: string;
  trace_id: string;
  span_id: string;
  parent_span_id?: string;
  span_kind: string;
  status: string;
  status_message?: string;
  release?: string;
  attributes: Record<string, unknown>;
  events: { name: string; attributes: Record<string, unknown> }[];
}

/** The page with all it needs in one script. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL('sdkPage.ts', import.meta.url)), formats: ['iife'], name: 'page' },
    },
  });
  const [one] = Array.isArray(built) ? built : [built];
  if (one === undefined || !('output' in one)) throw new Error('nothing was built');
  return one.output[0].code;
}

let shop: Server;
let origin: string;
/** The `traceparent` of each request for the stock. */
const parents: string[] = [];

test.beforeAll(async () => {
  const script = await bundle();
  shop = createServer((request, reply) => {
    const path = request.url?.split('?')[0];
    if (path === '/stock') {
      parents.push(String(request.headers['traceparent']));
      reply.writeHead(404, { 'content-type': 'application/json' }).end('{"left":0}');
    } else if (path === '/shop.js') {
      reply.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    } else {
      reply.writeHead(200, { 'content-type': 'text/html' });
      reply.end('<!doctype html><title>Shop</title><script type="module" src="/shop.js"></script><h1>Tea</h1>');
    }
  });
  await new Promise<void>((listening) => shop.listen(0, '127.0.0.1', listening));
  const address = shop.address();
  // By name: another site than Pharos, not only another port.
  origin = `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

test.afterAll(() => {
  shop.closeAllConnections();
  shop.close();
});

const unique = (name: string): string => `${name}-${newTraceId().slice(0, 8)}`;

/** Opens the shop; what the browser asked before it sent anything, with the answers' status. */
async function open(page: Page, pharos: string, service: string, key?: string): Promise<number[]> {
  const preflights: number[] = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.responseReceived', ({ type, response }) => {
    if (type === 'Preflight') preflights.push(response.status);
  });
  const asked = new URLSearchParams({ to: pharos, service, ...(key === undefined ? {} : { key }) });
  await page.goto(`${origin}/?${asked.toString()}`);
  await page.waitForFunction(() => 'shop' in window);
  return preflights;
}

async function spans(page: Page, pharos: string, q: string): Promise<Span[]> {
  const query = new URLSearchParams({ kind: 'span', q });
  const answer = await page.request.get(`${pharos}/api/pharos/search?${query.toString()}`);
  expect(answer.status(), await answer.text()).toBe(200);
  return ((await answer.json()) as { events: Span[] }).events;
}

for (const key of [undefined, 'secret']) {
  test(`spans of a page arrive ${key === undefined ? 'without' : 'with'} headers of its own`, async ({
    page,
    pharos,
  }) => {
    const service = unique('web-shop');
    const preflights = await open(page, pharos, service, key);
    const trace = await page.evaluate(async () => window.shop.buy());
    // The span of a request ends a moment after it, when the browser has said how long it took.
    const client = `service:${service} trace_id:${trace} kind:client`;
    await expect
      .poll(async () => {
        await page.evaluate(async () => window.shop.flush());
        return spans(page, pharos, client);
      })
      .toHaveLength(1);
    expect(preflights).toContain(204);
    expect(new Set(preflights)).toEqual(new Set([204]));

    const [request] = await spans(page, pharos, client);
    const [buy] = await spans(page, pharos, `service:${service} trace_id:${trace} name:buy`);
    expect(buy).toMatchObject({ status: 'error', status_message: 'nothing left', release: '7' });
    expect(buy?.attributes).toMatchObject({ item: 'tea', cents: 250, gift: true });
    expect(buy?.events[0]?.attributes).toMatchObject({ 'exception.message': 'out of stock' });
    expect(request?.parent_span_id).toBe(buy?.span_id);
    expect(parents.at(-1)).toContain(trace);

    const loads = await spans(page, pharos, `service:${service} name:documentLoad`);
    expect(loads).toHaveLength(1);
    const parts = await spans(page, pharos, `service:${service} trace_id:${loads[0]?.trace_id ?? ''}`);
    expect(parts.map((span) => span.name)).toEqual(expect.arrayContaining(['documentLoad', 'documentFetch']));
  });
}

test('what a page has not sent when it is left arrives', async ({ page, pharos }) => {
  const service = unique('web-shop');
  await open(page, pharos, service);
  await page.evaluate(async () => window.shop.flush());
  await page.evaluate(() => {
    window.shop.linger('last click');
  });
  await page.goto('about:blank');
  await expect.poll(async () => spans(page, pharos, `service:${service} name:"last click"`)).toHaveLength(1);
});

test('a beacon arrives, as older SDKs send what is left', async ({ page, pharos }) => {
  const service = unique('web-shop');
  await open(page, pharos, service);
  const { document } = otlpTrace(
    { service, name: 'beacon', from: 0, to: 5 },
    { traceId: newTraceId(), start: Date.now() },
  );
  const queued = await page.evaluate(
    ([to, body]) => navigator.sendBeacon(`${to}/v1/traces`, new Blob([body], { type: 'application/json' })),
    [pharos, JSON.stringify(document)] as const,
  );
  expect(queued).toBe(true);
  await expect.poll(async () => spans(page, pharos, `service:${service} name:beacon`)).toHaveLength(1);
});
