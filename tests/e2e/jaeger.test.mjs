// Jaeger's query API by gRPC's own library and by HTTP: both generations, its filter, its performance metrics.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Pharos, until } from "./lib.mjs";
import { call, grpc, moment, queryService, stream } from "./grpc.mjs";
import { attributes, nowNs, send, span, spansOf, traceId } from "./otlp.mjs";

const CONFORMANCE = new URL("../../../shared/conformance/jaeger/", import.meta.url);
const MINUTE = 60_000_000_000n;
const start = (t) => Pharos.start(t, { config: "scrape_configs: []\n" });
const sorted = (list) => [...list].sort();

/** An order that calls a payment, and a health check beside it. */
async function orders(url) {
  const begun = nowNs() - MINUTE;
  const order = span({ name: "POST /orders", start: begun, ms: 200, attrs: { "http.response.status_code": 500, tenant: "acme", vip: true, ratio: 0.5 }, status: { code: 2, message: "declined" } });
  const pay = span({ parent: order, name: "pay", kind: 3, start: begun + 10_000_000n, ms: 150, attrs: { "peer.service": "payment" } });
  const charge = span({
    parent: pay, name: "POST /charge", start: begun + 20_000_000n, ms: 120, status: { code: 2 },
    events: [{ timeUnixNano: String(begun + 30_000_000n), name: "retry", attributes: attributes({ attempt: 2 }) }],
    links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }],
  });
  const health = span({ name: "GET /health", start: begun, ms: 1, attrs: { "http.response.status_code": 200 } });
  for (const body of [
    spansOf("orders", [order, pay], { "deployment.environment.name": "prod" }),
    spansOf("payment", [charge]),
    spansOf("probe", [health]),
  ]) {
    assert.deepEqual((await send(url, "/v1/traces", body)).json(), {});
  }
  return { order, pay, charge, health };
}

const lastHour = () => ({ startTimeMin: moment(nowNs() - 60n * MINUTE), startTimeMax: moment(nowNs()) });
const lastHourText = () => ({ "query.startTimeMin": new Date(Date.now() - 3.6e6).toISOString(), "query.startTimeMax": new Date().toISOString() });

/** Spans of messages, by name, with the service that sent each. */
function spans(messages) {
  const list = messages.flatMap((m) => m.resourceSpans).flatMap((r) => {
    const service = r.resource.attributes.find((a) => a.key === "service.name").value.stringValue;
    return r.scopeSpans.flatMap((s) => s.spans).map((s) => [s.name, { ...s, service }]);
  });
  return Object.fromEntries(list);
}

test("gRPC: services, operations and dependencies", async (t) => {
  const pharos = await start(t);
  await orders(pharos.url);
  const service = queryService(t, pharos.port);
  const { services } = await call(service, "getServices", {});
  assert.deepEqual(services.filter((name) => name !== "pharos"), ["orders", "payment", "probe"]);
  const { operations } = await call(service, "getOperations", { service: "orders" });
  assert.deepEqual(operations, [{ name: "POST /orders", spanKind: "server" }, { name: "pay", spanKind: "client" }]);
  const clients = await call(service, "getOperations", { service: "orders", spanKind: "client" });
  assert.deepEqual(clients.operations.map((o) => o.name), ["pay"]);
  await assert.rejects(call(service, "getOperations", { service: "orders", spanKind: "odd" }), { code: grpc.status.INVALID_ARGUMENT });
  const { dependencies } = await call(service, "getDependencies", { startTime: moment(nowNs() - 60n * MINUTE), endTime: moment(nowNs()) });
  assert.deepEqual(dependencies, [{ parent: "orders", child: "payment", callCount: "1" }]);
});

test("gRPC: a trace by its id, as OTLP", async (t) => {
  const pharos = await start(t);
  const { order, pay, charge } = await orders(pharos.url);
  const service = queryService(t, pharos.port);
  const by = spans(await stream(service, "getTrace", { traceId: order.traceId }));
  assert.deepEqual(sorted(Object.keys(by)), ["POST /charge", "POST /orders", "pay"]);
  const one = by["POST /charge"];
  assert.deepEqual(
    [one.service, one.traceId.toString("hex"), one.spanId.toString("hex"), one.parentSpanId.toString("hex"), one.kind],
    ["payment", order.traceId, charge.spanId, pay.spanId, 2],
  );
  assert.deepEqual([one.startTimeUnixNano, one.endTimeUnixNano], [charge.startTimeUnixNano, charge.endTimeUnixNano]);
  assert.deepEqual(one.events.map((e) => [e.name, e.attributes[0].value.intValue]), [["retry", "2"]]);
  assert.equal(one.links[0].spanId.toString("hex"), "b7ad6b7169203331");
  const status = by["POST /orders"].status;
  assert.deepEqual([status.code, status.message], [2, "declined"]);
  const values = Object.fromEntries(by["POST /orders"].attributes.map((a) => [a.key, a.value]));
  assert.deepEqual([values.vip.boolValue, values.ratio.doubleValue, values["http.response.status_code"].intValue], [true, 0.5, "500"]);
  await assert.rejects(stream(service, "getTrace", { traceId: traceId() }), { code: grpc.status.NOT_FOUND });
  await assert.rejects(stream(service, "getTrace", { traceId: "xyz" }), { code: grpc.status.INVALID_ARGUMENT });
});

test("gRPC: traces are found by all that a question can hold", async (t) => {
  const pharos = await start(t);
  const { order, health } = await orders(pharos.url);
  const service = queryService(t, pharos.port);
  const ids = async (query) => {
    const messages = await stream(service, "findTraces", { query: { ...lastHour(), ...query } });
    const all = messages.flatMap((m) => m.resourceSpans).flatMap((r) => r.scopeSpans).flatMap((s) => s.spans);
    return sorted(new Set(all.map((s) => s.traceId.toString("hex"))));
  };
  const both = sorted([order.traceId, health.traceId]);
  assert.deepEqual(await ids({ serviceName: "payment" }), [order.traceId]);
  assert.deepEqual(await ids({ serviceName: "orders", operationName: "pay" }), [order.traceId]);
  assert.deepEqual(await ids({ serviceName: "orders", operationName: "POST /charge" }), []);
  // Without a service, which Jaeger cannot; numbers and booleans come as text.
  assert.deepEqual(await ids({ attributes: { "http.response.status_code": "500" } }), [order.traceId]);
  assert.deepEqual(await ids({ attributes: { vip: "true", ratio: "0.5", tenant: "acme" } }), [order.traceId]);
  assert.deepEqual(await ids({ attributes: { tenant: "acm" } }), []);
  assert.deepEqual(await ids({ attributes: { error: "true" } }), [order.traceId]);
  assert.deepEqual(await ids({ durationMin: { seconds: "0", nanos: 160_000_000 } }), [order.traceId]);
  assert.deepEqual(await ids({ serviceName: "probe", durationMax: { seconds: "0", nanos: 500_000 } }), []);
  const attr = (key, value, op = "eq") => ({ call: { op, args: [{ attr: { key } }, { scalar: { value } }] } });
  const either = { op: "or", args: [attr("http.response.status_code", "200"), attr("tenant", "acme")] };
  assert.deepEqual(await ids({ filter: either }), both);
  assert.deepEqual(await ids({ filter: { op: "and", args: [{ call: either }, attr("http.response.status_code", "400", "gte")] } }), [order.traceId]);
  await assert.rejects(ids({ filter: either, serviceName: "orders" }), { code: grpc.status.INVALID_ARGUMENT });
  await assert.rejects(ids({ filter: { op: "some", args: [] } }), { code: grpc.status.INVALID_ARGUMENT });
  await assert.rejects(stream(service, "findTraces", {}), { code: grpc.status.INVALID_ARGUMENT });
  await assert.rejects(stream(service, "findTraces", { query: { serviceName: "orders" } }), { code: grpc.status.INVALID_ARGUMENT });
});

test("gRPC: summaries of traces; a large trace comes in messages that clients take", async (t) => {
  const pharos = await start(t);
  const { order } = await orders(pharos.url);
  const orphan = span({ name: "late", trace: order.traceId, parentSpanId: "00000000000000aa", start: nowNs() - MINUTE });
  await send(pharos.url, "/v1/traces", spansOf("payment", [orphan]));
  const service = queryService(t, pharos.port);
  const [{ summaries }] = await stream(service, "findTraceSummaries", { query: { ...lastHour(), serviceName: "orders" } });
  assert.equal(summaries.length, 1);
  const { minStartTimeUnixNano, maxEndTimeUnixNano, ...summary } = summaries[0];
  assert.equal(minStartTimeUnixNano, order.startTimeUnixNano);
  assert.ok(BigInt(maxEndTimeUnixNano) >= BigInt(order.endTimeUnixNano));
  assert.deepEqual(summary, {
    traceId: order.traceId, rootServiceName: "orders", rootOperationName: "POST /orders", spanCount: 4, errorSpanCount: 2, orphanSpanCount: 1,
    services: [{ name: "orders", spanCount: 2, errorSpanCount: 1 }, { name: "payment", spanCount: 2, errorSpanCount: 1 }],
  });
  const root = span({ name: "root" });
  const children = Array.from({ length: 9_000 }, (_, i) => span({ parent: root, name: `child ${i}`, attrs: { text: `${i} ${"y".repeat(1_000)}` } }));
  for (let i = 0; i < children.length; i += 3_000) await send(pharos.url, "/v1/traces", spansOf("big", [...(i ? [] : [root]), ...children.slice(i, i + 3_000)]));
  const messages = await stream(service, "getTrace", { traceId: root.traceId });
  assert.ok(messages.length > 2, `${messages.length} messages`);
  assert.equal(Object.keys(spans(messages)).length, 9_001);
});

test("HTTP, third generation: questions in the address and in the body, summaries, the filter", async (t) => {
  const pharos = await start(t);
  const { order, health } = await orders(pharos.url);
  const get = (path, params = {}) => pharos.get(`/jaeger${path}`, { ...lastHourText(), ...params });
  const idsOf = ([status, body]) => {
    assert.equal(status, 200, JSON.stringify(body));
    return sorted(new Set(body.result.resourceSpans.flatMap((r) => r.scopeSpans).flatMap((s) => s.spans).map((s) => s.traceId)));
  };
  const either = { op: "or", args: [
    { call: { op: "eq", args: [{ field: { level: "resource", name: "service" } }, { scalar: { value: "probe" } }] } },
    { call: { op: "gt", args: [{ field: { level: "span", name: "duration" } }, { scalar: { value: "180ms" } }] } },
  ] };
  assert.deepEqual(idsOf(await get("/api/v3/traces", { "query.filter": JSON.stringify(either) })), sorted([order.traceId, health.traceId]));
  assert.deepEqual(idsOf(await get("/api/v3/traces", { "query.attributes": '{"http.response.status_code":"500"}' })), [order.traceId]);
  const { "query.startTimeMin": startTimeMin, "query.startTimeMax": startTimeMax } = lastHourText();
  const posted = await send(pharos.url, "/jaeger/api/v3/traces", { query: { startTimeMin, startTimeMax, serviceName: "orders", attributes: { tenant: "acme" }, searchDepth: 5 } });
  assert.deepEqual(idsOf([posted.status, posted.json()]), [order.traceId]);
  const [, { summaries }] = await get("/api/v3/trace-summaries", { "query.serviceName": "payment" });
  assert.deepEqual(summaries.map((s) => [s.traceId, s.rootServiceName, s.spanCount, s.errorSpanCount, s.services.length]), [[order.traceId, "orders", 3, 2, 2]]);
  const [, { operations }] = await get("/api/v3/operations", { service: "orders" });
  assert.deepEqual(operations, [{ name: "POST /orders", spanKind: "server" }, { name: "pay", spanKind: "client" }]);
  for (const [path, params, status, words] of [
    ["/api/v3/traces", { "query.filter": "{" }, 400, /filter/],
    ["/api/v3/traces", { "query.filter": '{"op":"eq","args":[]}' }, 400, /operands/],
    ["/api/v3/traces", { "query.startTimeMin": "yesterday" }, 400, /start_time_min/],
    ["/api/v3/traces", { "query.startTimeMin": startTimeMax, "query.startTimeMax": startTimeMin }, 400, /before/],
    ["/api/v3/traces", { "query.durationMin": "long" }, 400, /duration/],
    ["/api/v3/traces", { "query.serviceName": "nobody" }, 404, /No traces/],
    [`/api/v3/traces/${traceId()}`, {}, 404, /No traces/],
    ["/api/v3/traces/xyz", {}, 400, /trace_id/],
  ]) {
    const [code, body] = await get(path, params);
    assert.deepEqual([code, body.error.httpCode], [status, status], path);
    assert.match(body.error.message, words);
  }
});

test("HTTP, first generation: without a service, by tags of every type, several ids, dependencies of one", async (t) => {
  const pharos = await start(t);
  const { order, health } = await orders(pharos.url);
  const get = (path, params) => pharos.get(`/jaeger${path}`, params);
  const ids = async (params) => sorted((await get("/api/traces", params))[1].data.map((one) => one.traceID));
  assert.deepEqual(await ids({ tags: '{"http.response.status_code":"500"}' }), [order.traceId]);
  assert.deepEqual(await ids({ tag: ["vip:true", "ratio:0.5"] }), [order.traceId]);
  assert.deepEqual(await ids({ tags: '{"deployment.environment.name":"prod"}' }), [order.traceId]);
  assert.deepEqual(await ids({ service: "probe", limit: "1" }), [health.traceId]);
  assert.deepEqual(await ids({ traceID: [order.traceId, health.traceId] }), sorted([order.traceId, health.traceId]));
  const [, operations] = await get("/api/operations", { service: "orders", spanKind: "client" });
  assert.deepEqual(operations.data, [{ name: "pay", spanKind: "client" }]);
  const edges = async (params) => (await get("/api/dependencies", { endTs: String(Date.now()), lookback: "3600000", ...params }))[1].data;
  assert.deepEqual(await edges({ service: "payment" }), [{ parent: "orders", child: "payment", callCount: 1 }]);
  assert.deepEqual(await edges({ service: "probe" }), []);
  for (const params of [{ start: "now" }, { minDuration: "2s", maxDuration: "1s" }, { tag: "novalue" }, { tags: "[1]" }, { limit: "x" }]) {
    const [status, body] = await get("/api/traces", params);
    assert.deepEqual([status, body.errors[0].code, body.data], [400, 400, null], JSON.stringify(params));
  }
});

test("performance metrics come from the spans themselves", async (t) => {
  const pharos = await start(t);
  const get = (what, params = {}) => pharos.get(`/jaeger/api/metrics/${what}`, { service: ["orders", "payment"], ratePer: "600000", step: "5000", lookback: "600000", ...params });
  for (let i = 0; i < 3; i++) await orders(pharos.url);
  const last = async (what, params) => {
    const [status, family] = await get(what, params);
    assert.equal(status, 200, JSON.stringify(family));
    return [family, Object.fromEntries(family.metrics.map((m) => [m.labels.map((l) => l.value).join(" "), m.metricPoints.at(-1)?.gaugeValue.doubleValue]))];
  };
  await until(async () => (await last("calls"))[1].payment > 0, "calls that are counted");
  const [calls, rates] = await last("calls");
  assert.deepEqual(Object.keys(calls), ["name", "type", "help", "metrics"]);
  assert.deepEqual([calls.name, calls.type], ["service_call_rate", "GAUGE"]);
  assert.deepEqual(Object.keys(calls.metrics[0]), ["labels", "metricPoints"]);
  assert.deepEqual(calls.metrics[0].labels, [{ name: "service_name", value: "orders" }]);
  assert.match(calls.metrics[0].metricPoints[0].timestamp, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.ok(rates.orders > 0 && rates.orders < 1, JSON.stringify(rates));
  const [grouped, byOperation] = await last("calls", { groupByOperation: "true", spanKind: ["client", "server"] });
  assert.equal(grouped.name, "service_operation_call_rate");
  assert.deepEqual(sorted(grouped.metrics[0].labels.map((l) => l.name)), ["operation", "service_name"]);
  assert.deepEqual(sorted(Object.keys(byOperation)), ["orders POST /orders", "orders pay", "payment POST /charge"]);
  const [latencies, seconds] = await last("latencies", { quantile: "0.95" });
  assert.equal(latencies.name, "service_latencies");
  assert.ok(seconds.orders >= 100 && seconds.orders <= 300, JSON.stringify(seconds));
  const [, errors] = await last("errors");
  assert.deepEqual([errors.orders, errors.payment], [1, 1]);
  const [, fine] = await last("errors", { service: "probe" });
  assert.equal(fine.probe, 0);
  assert.deepEqual((await get("minstep"))[1].data, 1);
  for (const [what, params, words] of [
    ["latencies", {}, /quantile/],
    ["latencies", { quantile: "2" }, /quantile/],
    ["calls", { service: [] }, /service/],
    ["calls", { spanKind: "odd" }, /odd/],
    ["calls", { step: "0" }, /step/],
  ]) {
    const [status, body] = await get(what, params);
    assert.equal(status, 400, what);
    assert.match(body.errors[0].msg, words);
  }
});

/** Where two values of JSON differ in shape or content. */
function differences(expected, actual, at = "$") {
  const sort = (value) => (Array.isArray(value) ? "array" : value === null ? "null" : typeof value);
  if (sort(expected) !== sort(actual)) return [`${at}: ${sort(expected)} ≠ ${sort(actual)}`];
  if (sort(expected) !== "array" && sort(expected) !== "object") return expected === actual ? [] : [`${at}: ${expected} ≠ ${actual}`];
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => {
    if (!(key in expected)) return [`${at}.${key}: not in Jaeger's`];
    if (!(key in actual)) return [`${at}.${key}: missing`];
    return differences(expected[key], actual[key], `${at}.${key}`);
  });
}

test("what Jaeger makes of an OTLP file is made here, key by key", { skip: !existsSync(CONFORMANCE) && "its files are not beside the checkout" }, async (t) => {
  const pharos = await start(t);
  const read = (name) => readFileSync(new URL(name, CONFORMANCE), "utf8");
  const reply = await send(pharos.url, "/jaeger/api/transform", read("otlp2jaeger-in.json"));
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(differences(JSON.parse(read("otlp2jaeger-out.json")), reply.json()), []);
});
