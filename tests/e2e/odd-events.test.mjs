// Odd input over OTLP, by every door: taken in part or refused with the code that the specification says, counted by reason
// on Pipeline → Receivers, and harmless to everything else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { Pharos, metric } from "./lib.mjs";
import { RESOURCE_EXHAUSTED, grpcSender, httpSender, protoLog, protoRequest, protoSpan } from "./load.mjs";
import { log, logsOf, nowNs, send, span, spanId, spansOf, traceId } from "./otlp.mjs";
import { bytes, text, varint } from "./wire.mjs";

const CONFIG = "scrape_configs: []\n";
const DAY = 86_400_000_000_000n;
const PROTO = { "Content-Type": "application/x-protobuf" };

async function begin(t) {
  const pharos = await Pharos.start(t, { config: CONFIG });
  // A body that is refused before it is read ends its connection.
  const [http, grpc] = [httpSender(pharos.url, { keepAlive: false }), grpcSender(pharos.url)];
  t.after(() => [http, grpc].forEach((sender) => sender.close()));
  return Object.assign(pharos, { http, grpc });
}

/** The row of a door, its refusals by reason. */
async function door(pharos, receiver, signal) {
  const [, { data }] = await pharos.get("/api/pharos/receivers");
  const row = data.receivers.find((row) => row.receiver === receiver && row.signal === signal);
  assert.ok(row, `${receiver} ${signal}: ${JSON.stringify(data)}`);
  for (const refusal of row.refusals) assert.ok(refusal.message && Date.parse(refusal.last), JSON.stringify(refusal));
  return { ...row, by: Object.fromEntries(row.refusals.map(({ reason, count }) => [reason, count])) };
}

async function names(pharos, kind, q) {
  const [status, body] = await pharos.get("/api/pharos/search", { kind, q, limit: "1000", start: "2000-01-01T00:00:00Z", end: new Date(Date.now() + 2 * 86_400_000).toISOString() });
  assert.equal(status, 200, JSON.stringify(body));
  return body.events.map((event) => event.name ?? event.body).sort();
}

/** Zeros in zstd: blocks of one byte that is repeated. */
function zstdZeros(length) {
  const block = 1 << 17;
  const blocks = Array.from({ length: length / block }, (_, i) => {
    const header = Buffer.alloc(4);
    header.writeUIntLE((block << 3) | (1 << 1) | Number(i === length / block - 1), 0, 3);
    return header;
  });
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]), ...blocks]);
}

const fromNow = (ns) => nowNs() + ns;
const idOf = (n) => Buffer.alloc(n, 5);
const good = { trace: idOf(16), span: idOf(8) };

test("times that cannot be: 0, before what is kept, far ahead, the end of the numbers", async (t) => {
  const pharos = await begin(t);
  const times = {
    "taken: now": nowNs(), "taken: an hour ahead": fromNow(DAY / 24n), "taken: a week ago": fromNow(-7n * DAY),
    "no: zero": 0n, "no: 1970": 1n, "no: a year ago": fromNow(-365n * DAY), "no: two days ahead": fromNow(2n * DAY),
    "no: 2262": (1n << 63n) - 1n, "no: beyond": (1n << 64n) - 10_000_000n,
  };
  const spans = () => Object.entries(times).map(([name, start]) => protoSpan({ name, ...good, start }));
  const json = Object.entries(times).map(([name, start]) => span({ name: `${name}, JSON`, start: start > 1n << 62n ? start - 5_000_000n : start }));
  for (const reply of [await pharos.http.send("/v1/traces", protoRequest("times", spans())), await send(pharos.url, "/v1/traces", spansOf("times", json))]) {
    assert.equal(reply.status, 200, reply.text);
  }
  assert.equal((await pharos.grpc.send("/v1/traces", protoRequest("times", spans()))).code, 0);
  const logs = Object.entries(times).map(([body, time]) => log({ body, time: time > 1n << 62n ? 1n << 62n : time }));
  const reply = await send(pharos.url, "/v1/logs", logsOf("times", logs));
  // A record without a time has that at which it came.
  assert.equal(reply.json().partialSuccess.rejectedLogRecords, "5", reply.text);
  const taken = await names(pharos, "span", "service:times");
  assert.equal(taken.length, 9, taken.join());
  assert.ok(taken.every((name) => name.startsWith("taken")), taken.join());
  assert.deepEqual(await names(pharos, "log", "service:times"), ["no: zero", "taken: a week ago", "taken: an hour ahead", "taken: now"]);
  for (const receiver of ["otlp_http", "otlp_grpc"]) {
    const { by, rejected, accepted } = await door(pharos, receiver, "traces");
    const requests = receiver === "otlp_http" ? 2 : 1;
    assert.deepEqual([accepted, rejected], [3 * requests, 6 * requests], JSON.stringify(by));
    assert.deepEqual(by, { no_time: requests, too_old: 2 * requests, too_new: 3 * requests });
  }
  assert.deepEqual((await door(pharos, "otlp_http", "logs")).by, { too_old: 2, too_new: 3 });
});

test("ids of the wrong length cost their record and no other", async (t) => {
  const pharos = await begin(t);
  const start = nowNs();
  const bad = [[0, 8], [1, 8], [15, 8], [17, 8], [32, 8], [16, 0], [16, 7], [16, 9], [16, 16]];
  const spans = bad.map(([trace, span]) => protoSpan({ name: `${trace} ${span}`, trace: idOf(trace), span: idOf(span), start }));
  spans.push(protoSpan({ name: "zeros", trace: Buffer.alloc(16), span: idOf(8), start }), protoSpan({ name: "zero", trace: idOf(16), span: Buffer.alloc(8), start }));
  spans.push(Buffer.concat([protoSpan({ name: "parent", ...good, start }), bytes(4, idOf(3))]), protoSpan({ name: "good", ...good, start }));
  const reply = await pharos.grpc.send("/v1/traces", protoRequest("ids", spans));
  assert.equal(reply.code, 0);
  assert.match(reply.reply.toString(), /id is not (8|16) bytes/);
  const json = await send(pharos.url, "/v1/traces", spansOf("ids", [
    span({ name: "not hex", trace: "g".repeat(32) }), span({ name: "base64", trace: "CvdlGRbNQ92ESOshHIAxnA==" }), { ...span({ name: "short" }), spanId: "ab" }, span({ name: "good, JSON" }),
  ]));
  assert.equal(json.json().partialSuccess.rejectedSpans, "3", json.text);
  const logs = await send(pharos.url, "/v1/logs", logsOf("ids", [log({ body: "short", traceId: "abcd" }), log({ body: "none", traceId: "", spanId: "" }), log({ body: "good", traceId: traceId(), spanId: spanId() })]));
  assert.equal(logs.json().partialSuccess.rejectedLogRecords, "1", logs.text);
  assert.deepEqual(await names(pharos, "span", "service:ids"), ["good", "good, JSON"]);
  assert.deepEqual(await names(pharos, "log", "service:ids"), ["good", "none"]);
  const grpc = await door(pharos, "otlp_grpc", "traces");
  assert.deepEqual([grpc.accepted, grpc.by], [1, { invalid: 12 }]);
  assert.deepEqual((await door(pharos, "otlp_http", "traces")).by, { invalid: 3 });
  assert.deepEqual((await door(pharos, "otlp_http", "logs")).by, { invalid: 1 });
});

test("10,000 attributes and values of 5 MB: cut, said, and found", async (t) => {
  const pharos = await begin(t);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`many.k${i}`, `v${i}`]));
  const large = "é".repeat((5 * (1 << 20)) / 2);
  for (const [name, attrs] of [["many", many], ["large", { large }]]) {
    const http = await send(pharos.url, "/v1/traces", spansOf("wide", [span({ name, attrs }), span({ name: "beside" })], name === "large" ? { "large.resource": large } : {}));
    assert.equal(http.status, 200, http.text);
    const { partialSuccess } = http.json();
    assert.equal(partialSuccess.rejectedSpans ?? "0", "0");
    assert.match(partialSuccess.errorMessage, name === "many" ? /beyond the 1024/ : /longer than 1 MiB/);
    const grpc = await pharos.grpc.send("/v1/logs", protoRequest("wide", [protoLog({ body: name, attrs, time: nowNs() }), protoLog({ body: "beside", time: nowNs() })]));
    assert.equal(grpc.code, 0, grpc.message);
    assert.match(grpc.reply.toString(), name === "many" ? /beyond the 1024/ : /longer than 1 MiB/);
  }
  assert.deepEqual(await names(pharos, "span", "service:wide"), ["beside", "beside", "large", "many"]);
  assert.deepEqual(await names(pharos, "log", "service:wide"), ["beside", "beside", "large", "many"]);
  const [, { events: [wide] }] = await pharos.get("/api/pharos/search", { kind: "span", q: "service:wide name:many" });
  const kept = Object.entries(wide.attributes);
  assert.equal(kept.length, 1024);
  for (const [key, value] of kept) assert.equal(value, `v${key.replace("many.k", "")}`);
  // Columns end at a thousand; what has none is found as well.
  assert.deepEqual(await names(pharos, "span", 'service:wide "many.k1020":v1020'.replaceAll('"', "")), ["many"]);
  const [, { events: [long] }] = await pharos.get("/api/pharos/search", { kind: "log", q: "service:wide large" });
  assert.ok(long.attributes.large.length <= 1 << 20 && /^é+$/.test(long.attributes.large), "cut at a character");
  // Another ten thousand keys, and the next sender's attributes are still taken.
  const more = Array.from({ length: 10 }, (_, n) => span({ name: "more", attrs: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`other${n}.k${i}`, i])) }));
  assert.equal((await send(pharos.url, "/v1/traces", spansOf("wide", [...more, span({ name: "late", attrs: { "late.key": "late value" } })]))).status, 200);
  assert.deepEqual(await names(pharos, "span", 'late.key:"late value"'), ["late"]);
  assert.ok((await metric(pharos.url, "pharos_events_attributes_overflowed_total")) > 9000);
  const [, { rows }] = await pharos.get("/api/pharos/sql", { query: "SELECT count(*) FROM spans WHERE service = 'wide'" });
  assert.deepEqual(rows, [[15]]);
});

test("deep nesting is refused where it is, and a million levels do no harm", async (t) => {
  const pharos = await begin(t);
  const nested = (depth) => Array.from({ length: depth }).reduce((inner) => bytes(5, bytes(1, inner)), text(1, "leaf"));
  const record = (depth) => Buffer.concat([protoLog({ body: `depth ${depth}`, time: nowNs() }), bytes(6, Buffer.concat([text(1, "deep"), bytes(2, nested(depth))]))]);
  const reply = await pharos.http.send("/v1/logs", protoRequest("deep", [record(10), record(24), record(25), record(2000)]));
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(await names(pharos, "log", "service:deep"), ["depth 10", "depth 24"]);
  // As protobuf takes four bytes a level and more with their lengths, and JSON none at all for a reader that trusts it.
  let json = '{"stringValue":"leaf"}';
  json = '{"arrayValue":{"values":['.repeat(100_000) + json + "]}}".repeat(100_000);
  const body = JSON.stringify(logsOf("deep", [log({ body: "placeholder" })])).replace('{"stringValue":"placeholder"}', json);
  const refused = await send(pharos.url, "/v1/logs", body);
  assert.ok(refused.status === 400 || refused.json().partialSuccess.rejectedLogRecords === "1", refused.text.slice(0, 300));
  assert.equal((await send(pharos.url, "/v1/logs", "[".repeat(5_000_000))).status, 400);
  const { by } = await door(pharos, "otlp_http", "logs");
  assert.equal((by.too_large ?? 0) + (by.malformed ?? 0), 4, JSON.stringify(by));
  assert.equal((await send(pharos.url, "/v1/logs", logsOf("deep", [log({ body: "after" })]))).status, 200);
});

test("invalid UTF-8 is replaced, said, and found", async (t) => {
  const pharos = await begin(t);
  const broken = (body) => Buffer.from(body.toString("latin1").replaceAll("@", "\xff"), "latin1");
  const request = () => broken(protoRequest("utf", [protoSpan({ name: "n@me", ...good, start: nowNs(), attrs: { "k@y": "v@lue" } })]));
  const http = await pharos.http.send("/v1/traces", request());
  assert.equal(http.status, 200);
  assert.match(http.text, /not valid UTF-8/);
  const grpc = await pharos.grpc.send("/v1/traces", request());
  assert.equal(grpc.code, 0);
  assert.match(grpc.reply.toString(), /not valid UTF-8/);
  const json = broken(Buffer.from(JSON.stringify(logsOf("utf", [log({ body: "b@dy" })]))));
  assert.equal((await send(pharos.url, "/v1/logs", json)).status, 200);
  assert.deepEqual(await names(pharos, "span", "service:utf"), ["n\ufffdme", "n\ufffdme"]);
  assert.deepEqual(await names(pharos, "log", "service:utf"), ["b\ufffddy"]);
  const [, { events }] = await pharos.get("/api/pharos/search", { kind: "span", q: "service:utf" });
  assert.deepEqual(events[0].attributes, { "k\ufffdy": "v\ufffdlue" });
});

test("bombs, cut bodies, noise and unknown fields", async (t) => {
  const pharos = await begin(t);
  const bomb = Buffer.alloc(200 << 20);
  for (const [encoding, packed] of [["gzip", gzipSync(bomb)], ["deflate", deflateSync(bomb)], ["zstd", zstdZeros(bomb.length)]]) {
    assert.ok(packed.length < 1 << 20, `${encoding}: ${packed.length}`);
    const http = await pharos.http.send("/v1/logs", packed, { "Content-Encoding": encoding });
    assert.equal(http.status, 413, encoding);
    const grpc = await pharos.grpc.send("/v1/logs", packed, { "grpc-encoding": encoding });
    assert.equal(grpc.code, RESOURCE_EXHAUSTED, `${encoding}: ${grpc.message}`);
    assert.ok(!grpc.details.includes("RetryInfo"), "it is of no use to send it again");
  }
  // Packed twice: each layer is bounded.
  assert.equal((await pharos.http.send("/v1/logs", gzipSync(gzipSync(bomb)), { "Content-Encoding": "gzip, gzip" })).status, 413);
  const whole = protoRequest("noise", [protoLog({ body: "whole", time: nowNs() })]);
  const cuts = [1, 5, Math.floor(whole.length / 2), whole.length - 1];
  for (const cut of cuts) {
    assert.equal((await pharos.http.send("/v1/logs", whole.subarray(0, cut))).status, 400, `cut at ${cut}`);
    assert.equal((await pharos.grpc.send("/v1/logs", whole.subarray(0, cut))).code, 3, `cut at ${cut}`);
  }
  assert.equal((await pharos.http.send("/v1/logs", Buffer.from("not gzip at all"), { "Content-Encoding": "gzip" })).status, 400);
  assert.equal((await pharos.http.send("/v1/logs", gzipSync(whole).subarray(0, 40), { "Content-Encoding": "gzip" })).status, 400);
  assert.equal((await pharos.http.send("/v1/logs", whole, { "Content-Encoding": "br" })).status, 400);
  // It may be refused before it is sent in full, and the connection with it.
  const large = await fetch(`${pharos.url}/v1/logs`, { method: "POST", headers: PROTO, body: Buffer.alloc(21 << 20) }).catch((error) => error);
  assert.ok(large.status === 413 || /EPIPE|ECONNRESET|closed/.test(large.cause?.code ?? large.cause?.message), `${large.status ?? large}`);
  // Fields of a later version of the protocol are stepped over.
  const later = Buffer.concat([whole, bytes(900, Buffer.from("later")), varint((901 << 3) | 0), varint(7)]);
  assert.equal((await pharos.http.send("/v1/logs", later)).status, 200);
  assert.equal((await send(pharos.url, "/v1/logs", { ...logsOf("noise", [{ ...log({ body: "later" }), later: { a: [1] } }]), unknown: 1 })).status, 200);
  assert.deepEqual(await names(pharos, "log", "service:noise"), ["later", "whole"]);
  const http = await door(pharos, "otlp_http", "logs");
  assert.ok(http.by.too_large >= 4 && http.by.malformed === cuts.length + 3, JSON.stringify(http.by));
  const grpc = await door(pharos, "otlp_grpc", "logs");
  assert.equal(grpc.by.malformed, cuts.length, JSON.stringify(grpc.by));
  assert.ok(grpc.by.too_large >= 3, `bombs over gRPC are counted as well: ${JSON.stringify(grpc.by)}`);
  assert.ok((await metric(pharos.url, "pharos_receiver_refused_requests_total")) >= 14);
});
