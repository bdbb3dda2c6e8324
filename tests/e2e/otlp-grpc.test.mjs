// OTLP over gRPC as clients send it: packed, with metadata and deadlines, large, too large, and partly wrong.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import { test } from "node:test";
import { Pharos } from "./lib.mjs";
import { call, exportCall, grpc, message, traceService } from "./grpc.mjs";
import { nowNs, span, spansOf } from "./otlp.mjs";

const start = (t) => Pharos.start(t, { config: "scrape_configs: []\n" });
const { status } = grpc;

const found = async (pharos, q) => {
  const [code, body] = await pharos.get("/api/pharos/search", { kind: "span", q, limit: "10000" });
  assert.equal(code, 200, JSON.stringify(body));
  return body.events;
};

/** Spans of about `bytes` each, whose text does not pack well. */
const large = (count, bytes) =>
  Array.from({ length: count }, (_, i) => span({ name: `large ${i}`, attrs: { text: noise(bytes) } }));

function noise(length) {
  let text = "";
  while (text.length < length) text += Math.random().toString(36).slice(2);
  return text.slice(0, length);
}

const refused = (promise, code, words) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.code, status[code], error.message);
    assert.match(error.details, words);
    return true;
  });

test("gRPC's library packs with gzip and deflate", async (t) => {
  const pharos = await start(t);
  for (const [algorithm, name] of [[0, "identity"], [1, "deflate"], [2, "gzip"]]) {
    const service = traceService(t, pharos.port, { "grpc.default_compression_algorithm": algorithm });
    const answer = await call(service, "export", message(spansOf(name, [span({ name: "packed", attrs: { n: 1, text: "x".repeat(10_000) } })])));
    assert.deepEqual(answer, { partialSuccess: null });
    const [event] = await found(pharos, `service:${name}`);
    assert.deepEqual([event.name, event.attributes.n, event.attributes.text.length], ["packed", 1, 10_000]);
  }
});

test("a call packed with zstd is taken, as the Collector sends it; an unknown packing is named", async (t) => {
  const pharos = await start(t);
  const { requestSerialize, responseDeserialize, path } = exportCall;
  const body = requestSerialize(message(spansOf("collector", [span({ name: "packed", attrs: { text: "x".repeat(50_000) } })])));
  const packed = spawnSync("zstd", ["-q", "-c"], { input: body }).stdout;
  assert.ok(packed.length < 1_000);
  const [headers, trailers, answer] = await post(pharos.url, path, packed, { "grpc-encoding": "zstd", "grpc-accept-encoding": "zstd" });
  assert.deepEqual([headers[":status"], headers["grpc-encoding"], trailers["grpc-status"]], [200, "zstd", "0"]);
  assert.equal(answer.readUInt8(0), 1);
  const unpacked = spawnSync("zstd", ["-q", "-d", "-c"], { input: answer.subarray(5) });
  assert.deepEqual([unpacked.status, responseDeserialize(unpacked.stdout)], [0, { partialSuccess: null }]);
  const [event] = await found(pharos, "service:collector");
  assert.equal(event.attributes.text.length, 50_000);
  const [unknown] = await post(pharos.url, path, packed, { "grpc-encoding": "snappy" });
  assert.equal(unknown["grpc-status"], String(status.UNIMPLEMENTED));
  assert.match(unknown["grpc-accept-encoding"], /zstd/);
});

/** One call by hand: headers, trailers and the bytes of the answer. */
async function post(url, path, packed, more) {
  const session = connect(url);
  const frame = Buffer.alloc(5);
  frame.writeUInt8(1, 0);
  frame.writeUInt32BE(packed.length, 1);
  const request = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...more });
  let trailers = {};
  request.on("trailers", (sent) => (trailers = sent));
  request.end(Buffer.concat([frame, packed]));
  const [headers] = await once(request, "response");
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  session.destroy();
  return [headers, trailers, Buffer.concat(pieces)];
}

test("metadata of any kind is no hindrance, and a deadline that is over ends the call alone", async (t) => {
  const pharos = await start(t);
  const service = traceService(t, pharos.port);
  const metadata = new grpc.Metadata();
  metadata.set("authorization", "Bearer abc");
  metadata.set("x-scope-orgid", "7");
  metadata.set("odd-bin", Buffer.from([0, 255, 128]));
  const deadline = new Date(Date.now() + 10_000);
  const body = () => message(spansOf("meta", [span({})]));
  assert.deepEqual(await call(service, "export", body(), { metadata, deadline }), { partialSuccess: null });
  await refused(call(service, "export", message(spansOf("late", [span({})])), { deadline: new Date(Date.now() - 1) }), "DEADLINE_EXCEEDED", /./);
  assert.deepEqual(await call(service, "export", body()), { partialSuccess: null });
  assert.equal((await found(pharos, "service:meta")).length, 2);
});

test("the client sees what was refused of its spans", async (t) => {
  const pharos = await start(t);
  const service = traceService(t, pharos.port);
  const spans = [span({ name: "good" }), span({ name: "short id", trace: "abcd" }), span({ name: "far ahead", start: nowNs() + 40n * 86_400_000_000_000n })];
  const { partialSuccess } = await call(service, "export", message(spansOf("part", spans)));
  assert.equal(partialSuccess.rejectedSpans, "2");
  assert.match(partialSuccess.errorMessage, /short id/);
  assert.deepEqual((await found(pharos, "service:part")).map((event) => event.name), ["good"]);
  assert.deepEqual(await call(service, "export", { resourceSpans: [] }), { partialSuccess: null });
});

test("several megabytes are one message; more than may be is RESOURCE_EXHAUSTED, packed or not", async (t) => {
  const pharos = await start(t);
  const service = traceService(t, pharos.port, { "grpc.max_send_message_length": -1 });
  const packing = traceService(t, pharos.port, { "grpc.max_send_message_length": -1, "grpc.default_compression_algorithm": 2 });
  await call(service, "export", message(spansOf("large", large(150, 100_000))));
  assert.equal((await found(pharos, "service:large")).length, 150);
  const over = message(spansOf("over", large(250, 100_000)));
  await refused(call(service, "export", over), "RESOURCE_EXHAUSTED", /bytes/);
  await refused(call(packing, "export", over), "RESOURCE_EXHAUSTED", /bytes/);
  const bomb = message(spansOf("over", [span({ attrs: { text: "x".repeat(64 << 20) } })]));
  await refused(call(packing, "export", bomb), "RESOURCE_EXHAUSTED", /bytes/);
  // Neither harms what else is said on the same connection.
  await call(service, "export", message(spansOf("after", [span({})])));
  await call(packing, "export", message(spansOf("after", [span({})])));
  assert.equal((await found(pharos, "service:after")).length, 2);
  assert.equal((await found(pharos, "service:over")).length, 0);
  const [, doors] = await pharos.get("/api/pharos/receivers");
  const door = doors.data.receivers.find((row) => row.receiver === "otlp_grpc" && row.signal === "traces");
  assert.deepEqual([door.accepted, door.refusals.map((refusal) => refusal.reason)], [152, ["too_large"]]);
  assert.ok(door.refusals[0].message);
});

test("bytes that are no message are refused for good", async (t) => {
  const pharos = await start(t);
  const service = traceService(t, pharos.port);
  const same = (bytes) => bytes;
  const raw = (bytes, path = exportCall.path) =>
    new Promise((done, fail) => {
      service.makeUnaryRequest(path, same, same, Buffer.from(bytes), (error, answer) => (error ? fail(error) : done(answer)));
    });
  await refused(raw([0x0a, 0xff]), "INVALID_ARGUMENT", /./);
  assert.equal((await raw([])).length, 0);
  await refused(raw([], `${exportCall.path}Twice`), "UNIMPLEMENTED", /./);
});
