// OTLP in, and everything that can be asked of it: search, traces, SQL, Jaeger's API, derived metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, deflateSync } from "node:zlib";
import { Pharos, folder, freePort, metric, until } from "./lib.mjs";
import { attributes, log, logsOf, nowNs, send, span, spanId, spansOf, traceId } from "./otlp.mjs";

const CONFIG = "scrape_configs: []\n";
const start = (t, options = {}) => Pharos.start(t, { config: CONFIG, ...options });

/** A request through a shop: three services, a failed query, log lines on the way. */
async function shop(url) {
  const begun = nowNs() - 2_000_000_000n;
  const root = span({ name: "POST /checkout", start: begun, ms: 120, attrs: { "http.route": "/checkout", "http.response.status_code": 500 }, status: { code: 2, message: "payment failed" } });
  const call = span({ parent: root, name: "POST", kind: 3, start: begun + 5_000_000n, ms: 100 });
  const pay = span({ parent: call, name: "POST /charge", start: begun + 8_000_000n, ms: 90, status: { code: 2 } });
  const query = span({
    parent: pay, name: "INSERT payments", kind: 3, start: begun + 20_000_000n, ms: 50,
    attrs: { "db.system.name": "postgresql", "db.query.text": "INSERT INTO payments VALUES ($1)" },
    events: [{ timeUnixNano: String(begun + 60_000_000n), name: "exception", attributes: attributes({ "exception.type": "Timeout", "exception.message": "no answer", "exception.stacktrace": "at pay()" }) }],
  });
  const ids = { traceId: root.traceId, spanId: pay.spanId };
  for (const [path, body] of [
    ["/v1/traces", spansOf("checkout", [root, call], { "service.version": "1.2.3", "deployment.environment.name": "prod" })],
    ["/v1/traces", spansOf("payment", [pay, query])],
    ["/v1/logs", logsOf("payment", [log({ body: "charging card of user 42", attrs: { "user.id": 42 }, ...ids }), log({ body: "connection reset by peer", severity: 17, ...ids })])],
  ]) {
    const reply = await send(url, path, body);
    assert.deepEqual([reply.status, reply.json()], [200, {}], reply.text);
  }
  return { root, call, pay, query };
}

test("what was acknowledged is found at once, by search, by id and by SQL", async (t) => {
  const pharos = await start(t);
  const { root, pay } = await shop(pharos.url);
  const search = async (kind, q) => {
    const [status, body] = await pharos.get("/api/pharos/search", { kind, q });
    assert.equal(status, 200, JSON.stringify(body));
    return body.events;
  };
  const [line] = await search("log", 'service:payment severity>=error "connection reset"');
  assert.equal(line.body, "connection reset by peer");
  assert.deepEqual([line.trace_id, line.span_id, line.service], [root.traceId, pay.spanId, "payment"]);
  assert.equal((await search("log", "user.id:42")).length, 1);
  assert.equal((await search("log", "user.id:42 -charging")).length, 0);
  assert.equal((await search("span", "duration>95ms status:error")).length, 1);
  assert.equal((await search("span", "(service:payment or service:nobody) kind:client")).length, 1);
  assert.equal((await search("error", "event_name:Timeout"))[0].body, "no answer");
  const [status, trace] = await pharos.get(`/api/pharos/traces/${root.traceId}`);
  assert.equal(status, 200);
  assert.equal(trace.spans.length, 4);
  assert.deepEqual(trace.root, { service: "checkout", name: "POST /checkout" });
  const [, traces] = await pharos.get("/api/pharos/traces", { q: "service:payment" });
  assert.deepEqual(traces.traces.map((one) => [one.trace_id, one.spans, one.errors]), [[root.traceId, 4, 2]]);
  const [, table] = await pharos.get("/api/pharos/sql", { query: "SELECT service, count(*) FROM spans WHERE service <> 'pharos' GROUP BY service ORDER BY service" });
  assert.deepEqual(table.rows, [["checkout", 2], ["payment", 2]]);
  const csv = await fetch(`${pharos.url}/api/pharos/sql?format=csv&query=${encodeURIComponent('SELECT "http.route" FROM spans WHERE "http.route" IS NOT NULL')}`);
  assert.match(await csv.text(), /^http.route\n(.*\n)*\/checkout\n/);
});

test("a mistake in a query is named with its place", async (t) => {
  const pharos = await start(t);
  const [status, body] = await pharos.get("/api/pharos/search", { kind: "log", q: "service:a (b" });
  assert.equal(status, 400);
  assert.equal(body.error.code, "bad_query");
  assert.ok(body.error.position.column >= 10, JSON.stringify(body));
  const [sqlStatus, sql] = await pharos.get("/api/pharos/sql", { query: "SELECT nope FROM spans" });
  assert.equal(sqlStatus, 400);
  assert.match(sql.error.message, /nope/);
  const [dropStatus] = await pharos.get("/api/pharos/sql", { query: "DROP TABLE spans" });
  assert.equal(dropStatus, 400);
});

test("spans become metrics, and calls become a graph", async (t) => {
  const pharos = await start(t);
  await shop(pharos.url);
  const calls = 'sum by (service_name, span_name) (traces_span_metrics_calls_total{service_name!="pharos", span_kind="SPAN_KIND_SERVER"})';
  await until(async () => Object.keys(await pharos.query(calls)).length === 2, "derived metrics");
  assert.deepEqual(await pharos.query(calls), {
    '{service_name="checkout",span_name="POST /checkout"}': "1",
    '{service_name="payment",span_name="POST /charge"}': "1",
  });
  const graph = 'traces_service_graph_request_total{client="checkout", server="payment"}';
  await until(async () => Object.values(await pharos.query(graph))[0] === "1", "the graph");
  assert.deepEqual(Object.values(await pharos.query('traces_spanmetrics_calls_total{service="payment", span_kind="SPAN_KIND_SERVER"}')), ["1"]);
});

test("Jaeger's clients find what they look for", async (t) => {
  const pharos = await start(t);
  const { root } = await shop(pharos.url);
  const jaeger = (path, params) => pharos.get(`/jaeger${path}`, params);
  const [, services] = await jaeger("/api/services");
  assert.ok(["checkout", "payment"].every((name) => services.data.includes(name)), JSON.stringify(services));
  assert.deepEqual((await jaeger("/api/services/payment/operations"))[1].data.sort(), ["INSERT payments", "POST /charge"]);
  const [, found] = await jaeger("/api/traces", { service: "checkout", tags: '{"error":"true"}', minDuration: "100ms", limit: "20" });
  assert.equal(found.data.length, 1);
  assert.equal(found.data[0].spans.length, 4);
  const [one] = found.data[0].spans.filter((s) => s.spanID === root.spanId);
  assert.deepEqual([one.operationName, one.duration], ["POST /checkout", 120_000]);
  assert.ok(one.tags.some((tag) => tag.key === "error" && tag.value === true));
  assert.equal(found.data[0].processes[one.processID].serviceName, "checkout");
  const [missing, body] = await jaeger(`/api/traces/${traceId()}`);
  assert.deepEqual([missing, body.errors[0].msg], [404, "trace not found"]);
  const [, edges] = await jaeger("/api/dependencies", { endTs: String(Date.now()), lookback: "3600000" });
  assert.deepEqual(edges.data, [{ parent: "checkout", child: "payment", callCount: 1 }]);
  const range = { "query.startTimeMin": new Date(Date.now() - 3.6e6).toISOString(), "query.startTimeMax": new Date().toISOString() };
  const [v3, otlp] = await jaeger("/api/v3/traces", { "query.serviceName": "payment", ...range });
  assert.equal(v3, 200, JSON.stringify(otlp));
  assert.equal(otlp.result.resourceSpans.length, 2);
  const [none, error] = await jaeger("/api/v3/traces", { "query.serviceName": "nobody", ...range });
  assert.deepEqual([none, error.error.httpCode], [404, 404]);
});

test("bodies are taken as the specification says", async (t) => {
  const pharos = await start(t);
  const { url } = pharos;
  const good = () => JSON.stringify(spansOf("a", [span({})]));
  const status = async (...args) => (await send(url, "/v1/traces", ...args)).status;
  assert.equal(await status(gzipSync(good()), { "Content-Encoding": "gzip" }), 200);
  assert.equal(await status(deflateSync(good()), { "Content-Encoding": "deflate" }), 200);
  assert.equal(await status("{}"), 200);
  const empty = await send(url, "/v1/logs", new Uint8Array(), { "Content-Type": "application/x-protobuf" });
  assert.deepEqual([empty.status, empty.text, empty.headers.get("content-type")], [200, "", "application/x-protobuf"]);
  assert.equal(await status(good(), { "Content-Type": "text/plain" }), 415);
  const bad = await send(url, "/v1/traces", "{not json");
  assert.deepEqual([bad.status, bad.json().code, bad.headers.get("content-type")], [400, 3, "application/json"]);
  const proto = await send(url, "/v1/traces", new Uint8Array([0x0a, 0xff]), { "Content-Type": "application/x-protobuf" });
  assert.deepEqual([proto.status, proto.headers.get("content-type")], [400, "application/x-protobuf"]);
  assert.equal(await status(gzipSync(Buffer.alloc(64 << 20)), { "Content-Encoding": "gzip" }), 413);
  assert.equal(await status("not gzip", { "Content-Encoding": "gzip" }), 400);
  const cors = await fetch(`${url}/v1/traces`, { method: "OPTIONS", headers: { Origin: "http://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-custom" } });
  assert.equal(cors.headers.get("access-control-allow-origin"), "http://shop.example");
  assert.match(cors.headers.get("access-control-allow-headers"), /x-custom/i);
});

test("bad spans and logs are named, counted, and harm no others", async (t) => {
  const pharos = await start(t);
  const good = span({ name: "good" });
  const bad = [
    span({ name: "short id", trace: "abcd" }),
    span({ name: "no id", trace: "0".repeat(32) }),
    span({ name: "no start", start: 0n }),
    span({ name: "far ahead", start: nowNs() + 40n * 86_400_000_000_000n }),
  ];
  const reply = await send(pharos.url, "/v1/traces", spansOf("a", [good, ...bad]));
  assert.equal(reply.status, 200);
  const { partialSuccess } = reply.json();
  assert.equal(partialSuccess.rejectedSpans, "4");
  assert.match(partialSuccess.errorMessage, /short id/);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]));
  const odd = await send(pharos.url, "/v1/logs", logsOf("a", [
    log({ body: "many attributes", attrs: many }),
    log({ body: "x".repeat(5 << 20) }),
    log({ body: "no time", time: 0n }),
    log({ body: { nested: { deep: [1, "two", { three: 3 }] } } }),
  ]));
  assert.equal(odd.status, 200, odd.text);
  let deep = "leaf";
  for (let i = 0; i < 40; i++) deep = [deep];
  const nested = await send(pharos.url, "/v1/logs", logsOf("a", [log({ body: deep })]));
  assert.ok(nested.status === 400 || nested.json().partialSuccess.rejectedLogRecords === "1", nested.text);
  const [, found] = await pharos.get("/api/pharos/search", { kind: "span", q: "service:a" });
  assert.deepEqual(found.events.map((event) => event.name), ["good"]);
  const [, logs] = await pharos.get("/api/pharos/search", { kind: "log", q: "service:a" });
  assert.equal(logs.events.length, 4);
  assert.ok((await metric(pharos.url, "pharos_receiver_refused_total")) >= 4);
  const [, doors] = await pharos.get("/api/pharos/receivers");
  const door = doors.data.receivers.find((row) => row.receiver === "otlp_http" && row.signal === "traces");
  assert.deepEqual([door.accepted, door.rejected], [1, 4]);
  assert.ok(door.refusals.every((refusal) => refusal.message && refusal.last));
});

test("a type conflict rejects nothing", async (t) => {
  const pharos = await start(t);
  await send(pharos.url, "/v1/logs", logsOf("a", [log({ body: "one", attrs: { code: 7 } }), log({ body: "two", attrs: { code: "seven" } }), log({ body: "three", attrs: { code: true } })]));
  const [, found] = await pharos.get("/api/pharos/search", { kind: "log", q: "exists:code service:a" });
  assert.deepEqual(found.events.map((event) => event.attributes.code).sort(), [7, "seven", true].sort());
  const [, seven] = await pharos.get("/api/pharos/search", { kind: "log", q: "code:7 service:a" });
  assert.deepEqual(seven.events.map((event) => event.body), ["one"]);
});

test("kill -9 loses nothing that was acknowledged, and an orderly stop makes files", async (t) => {
  const dir = folder(t);
  const port = await freePort();
  let pharos = await start(t, { dir, port });
  const ids = new Set();
  for (let i = 0; i < 200; i++) {
    const one = span({ name: `span ${i}` });
    ids.add(one.spanId);
    assert.equal((await send(pharos.url, "/v1/traces", spansOf("a", [one]))).status, 200);
  }
  await pharos.stop("SIGKILL");
  pharos = await start(t, { dir, port });
  const held = async () => {
    const [, body] = await pharos.get("/api/pharos/search", { kind: "span", q: "service:a", limit: "1000" });
    return new Set(body.events.map((event) => event.span_id));
  };
  assert.deepEqual(await held(), ids);
  assert.deepEqual(await pharos.stop(), { code: 0, signal: null });
  pharos = await start(t, { dir, port });
  assert.ok((await metric(pharos.url, "pharos_events_files")) >= 1);
  assert.deepEqual(await held(), ids);
});

test("metrics over OTLP are series", async (t) => {
  const pharos = await start(t);
  const at = String(nowNs());
  const body = {
    resourceMetrics: [{
      resource: { attributes: attributes({ "service.name": "api", "service.instance.id": "one", "cloud.region": "eu" }) },
      scopeMetrics: [{ metrics: [
        { name: "http.server.requests", unit: "1", sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ timeUnixNano: at, asInt: "7", attributes: attributes({ route: "/" }) }] } },
        { name: "queue.size", gauge: { dataPoints: [{ timeUnixNano: at, asDouble: 2.5 }] } },
      ] }],
    }],
  };
  for (const path of ["/v1/metrics", "/api/v1/otlp/v1/metrics"]) {
    const reply = await send(pharos.url, path, body);
    assert.deepEqual([reply.status, reply.json()], [200, {}], reply.text);
  }
  assert.deepEqual(await pharos.query("http_server_requests_total"), { 'http_server_requests_total{instance="one",job="api",route="/"}': "7" });
  assert.deepEqual(await pharos.query("queue_size"), { 'queue_size{instance="one",job="api"}': "2.5" });
  assert.deepEqual(Object.values(await pharos.query('target_info{cloud_region="eu"}')), ["1"]);
});

test("Zipkin's spans come in by their own door", async (t) => {
  const pharos = await start(t);
  const trace = traceId();
  const body = [{ traceId: trace, id: spanId(), name: "get /", kind: "SERVER", timestamp: Date.now() * 1000, duration: 1500, localEndpoint: { serviceName: "old" }, tags: { "http.path": "/" } }];
  assert.equal((await send(pharos.url, "/zipkin/api/v2/spans", body)).status, 202);
  const [, found] = await pharos.get(`/api/pharos/traces/${trace}`);
  assert.deepEqual(found.spans.map((s) => [s.service, s.name, s.duration_ns]), [["old", "get /", 1_500_000]]);
  assert.equal((await send(pharos.url, "/zipkin/api/v2/spans", "nonsense")).status, 400);
});

test("the tail shows what comes in", async (t) => {
  const pharos = await start(t);
  const controller = new AbortController();
  t.after(() => controller.abort());
  const reply = await fetch(`${pharos.url}/api/pharos/search/tail?kind=log&q=wanted`, { signal: controller.signal });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  await send(pharos.url, "/v1/logs", logsOf("a", [log({ body: "not this" }), log({ body: "wanted line" })]));
  let text = "";
  while (!text.includes("wanted line")) text += (await reader.read()).value;
  assert.ok(!text.includes("not this"), text);
});

test("Pharos watches itself", async (t) => {
  const pharos = await start(t);
  await pharos.get("/api/v1/query", { query: "up" });
  await until(async () => (await pharos.get("/api/pharos/search", { kind: "log", q: "service:pharos" }))[1].events.length > 0, "its own logs");
  const spans = await until(async () => {
    const [, body] = await pharos.get("/api/pharos/search", { kind: "span", q: "service:pharos http.route:/api/v1/query" });
    return body.events.length > 0 && body.events;
  }, "its own spans");
  assert.equal(spans[0].span_kind, "server");
});
