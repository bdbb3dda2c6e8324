// What `/api/pharos/openapi.json` says of answers about events is what they are, and nothing is left unsaid.
import assert from "node:assert/strict";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { Pharos, until } from "./lib.mjs";
import { log, logsOf, send, span, spansOf } from "./otlp.mjs";

const everything = { kind: "log", start: "0", end: "9000000000" };

test("events are answered as it is described", async (t) => {
  const pharos = await Pharos.start(t, {});
  const root = span({ attrs: { "http.route": "/cart", list: [1, { a: true }] } });
  const child = span({
    parent: root,
    kind: 3,
    status: { code: 2, message: "no" },
    events: [{ timeUnixNano: root.startTimeUnixNano, name: "exception", attributes: [{ key: "exception.type", value: { stringValue: "IOError" } }] }],
    links: [{ traceId: root.traceId, spanId: root.spanId }],
  });
  const line = log({ body: "could not save order 7", severity: 17, attrs: { "user.id": 42, ratio: 0.5 }, traceId: root.traceId, spanId: root.spanId });
  await send(pharos.url, "/v1/traces", spansOf("shop", [root, child], { "host.name": "a", "service.version": "1" }));
  await send(pharos.url, "/v1/logs", logsOf("shop", [line, log({ body: { a: 1 }, eventName: "saved" })]));
  const events = async () => (await pharos.get("/api/pharos/search", { ...everything, q: "service:shop" }))[1].events;
  await until(async () => (await events()).length === 2, "the log records");
  const [{ id }] = await events();

  const [, spec] = await pharos.get("/api/pharos/openapi.json");
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats(ajv);
  ajv.addSchema({ ...spec, $id: "spec" });
  const ask = async (path, params, { key = path, status = 200 } = {}) => {
    const [got, body] = await pharos.get(path, params);
    assert.equal(got, status, `${path}: ${JSON.stringify(body)}`);
    const answers = spec.paths[key].get.responses;
    const schema = (answers[String(status)] ?? answers.default).content["application/json"].schema.$ref;
    const valid = ajv.getSchema(`spec${schema}`);
    assert.ok(valid(body), `${path} ${JSON.stringify(params)}: ${ajv.errorsText(valid.errors)}\n${JSON.stringify(body).slice(0, 2000)}`);
    return body;
  };
  const search = "/api/pharos/search";
  for (const kind of ["log", "span", "error"]) {
    assert.ok((await ask(search, { ...everything, kind })).events.length > 0, kind);
  }
  assert.equal(typeof (await ask(search, { ...everything, limit: 1, q: "service:shop" })).next, "string");
  await ask(`${search}/histogram`, everything);
  await ask(`${search}/histogram`, { ...everything, by: "severity" });
  await ask(`${search}/top`, { ...everything, field: "service" });
  assert.ok((await ask(`${search}/fields`, everything)).fields.length > 5);
  await ask(`${search}/group`, { ...everything, kind: "span", by: "service,kind", agg: "count,p95(duration),error_rate,rate,avg(nothing)" });
  assert.ok((await ask(`${search}/patterns`, everything)).patterns.length > 0);
  await ask(`${search}/context`, { id, before: 1, after: 1 });
  assert.ok((await ask(`${search}/complete`, { ...everything, q: "ser", cursor: 3 })).options.length > 0);
  assert.equal((await ask("/api/pharos/traces", { ...everything, kind: "span", q: "service:shop" })).traces.length, 1);
  const trace = await ask(`/api/pharos/traces/${root.traceId}`, {}, { key: "/api/pharos/traces/{id}" });
  assert.equal(trace.spans.length, 2);
  await ask("/api/pharos/sql", { query: "SELECT time, body, severity, ratio, body_is_json, trace_id FROM logs" });
  await ask("/api/pharos/receivers", {});
  await ask("/health", {});
  await ask("/health/detailed", {});
  // And what is no answer.
  await ask(search, { q: "(" }, { status: 400 });
  await ask(search, { kind: "fish" }, { status: 400 });
  await ask(`${search}/context`, { id: "log-0-0" }, { status: 400 });
  await ask("/api/pharos/traces/00000000000000000000000000000001", {}, { key: "/api/pharos/traces/{id}", status: 404 });
  await ask("/api/pharos/sql", { query: "SELEC" }, { status: 400 });
});
