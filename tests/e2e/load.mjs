// Spans and log records as OTLP in protobuf, many of them: bodies are made once and get new ids, times and values each time
// they are sent. Over HTTP and over gRPC.
import { randomFillSync } from "node:crypto";
import { Agent, request } from "node:http";
import { connect } from "node:http2";
import { bytes, double, integer, text, varint } from "./wire.mjs";
import { nowNs } from "./otlp.mjs";

const fixed64 = (field, n) => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(BigInt(n));
  return Buffer.concat([varint((field << 3) | 1), b]);
};

const any = (v) => {
  if (typeof v === "string") return text(1, v);
  if (typeof v === "boolean") return integer(2, v ? 1 : 0);
  return Number.isInteger(v) ? integer(3, v) : double(4, v);
};
const pairs = (field, attrs) => Object.entries(attrs).map(([key, v]) => bytes(field, Buffer.concat([text(1, key), bytes(2, any(v))])));
const resourceOf = (service) => bytes(1, Buffer.concat(pairs(1, { "service.name": service, "host.name": "host-1", "k8s.pod.name": `${service}-7d9f` })));

/** Where this is in a body, there are new hexadecimal digits each time. */
export const UNIQUE = "~unique~unique~~";
const ID = Buffer.from("id:id:id:id:id:i");
const TIME = 0x7e7e7e7e7e7e7e7en;

export function protoSpan({ name = "GET /", kind = 2, ms = 5, attrs = {}, exception, trace = ID, span = ID.subarray(0, 8), start = TIME }) {
  const event = exception && bytes(11, Buffer.concat([fixed64(1, start), text(2, "exception"), ...pairs(3, exception)]));
  return Buffer.concat([
    bytes(1, trace), bytes(2, span), text(5, name), integer(6, kind), fixed64(7, start),
    fixed64(8, start === TIME ? TIME : start + BigInt(Math.round(ms * 1e6))), ...pairs(9, attrs), ...(event ? [event] : []),
  ]);
}

export const protoLog = ({ body, severity = 9, attrs = {}, time = TIME }) =>
  Buffer.concat([fixed64(1, time), integer(2, severity), bytes(5, text(1, body)), ...pairs(6, attrs)]);

/** An export request of one resource. */
export const protoRequest = (service, records) =>
  bytes(1, Buffer.concat([resourceOf(service), bytes(2, Buffer.concat(records.map((record) => bytes(2, record))))]));

/** A body of which each sending is another. */
export class Template {
  constructor(path, service, records) {
    this.path = path;
    this.count = records.length;
    this.body = protoRequest(service, records);
    this.ids = places(this.body, ID.subarray(0, 8)).map((at) => [at, this.body.subarray(at, at + 16).equals(ID) ? 16 : 8]);
    this.times = places(this.body, Buffer.alloc(8, 0x7e));
    this.uniques = places(this.body, Buffer.from(UNIQUE));
  }

  /** The next body; valid until the one after it. */
  next() {
    const { body } = this;
    const noise = randomFillSync(Buffer.allocUnsafe(16 * this.ids.length + 8 * this.uniques.length + 8));
    let from = 0;
    for (const [at, length] of this.ids) from += noise.copy(body, at, from, from + length);
    for (const at of this.uniques) body.write(noise.toString("hex", from, (from += 8)), at, "latin1");
    const now = nowNs();
    this.times.forEach((at, i) => body.writeBigUInt64LE(now + BigInt(i) * 997n, at));
    return body;
  }
}

function places(body, marker) {
  const found = [];
  for (let at = body.indexOf(marker); at >= 0; at = body.indexOf(marker, at + marker.length)) found.push(at);
  return found;
}

const WORDS = "connection reset by peer while reading response from upstream cache miss for key user logged in order placed payment declined retry timeout".split(" ");
const pick = (list, n) => list[n % list.length];

/** Requests of a shop: routes, users, statements, some stack traces; each tenth template has a value of `big` bytes. */
export function shopTemplates(count, { spans = 1000, big = 0 } = {}) {
  return Array.from({ length: count }, (_, t) => {
    const service = `load-${pick(["cart", "checkout", "payment", "search", "user"], t)}`;
    const large = (i) => (big > 0 && t % 10 === 0 && i === 0 ? { "http.request.body": Buffer.alloc(big, `${UNIQUE} large `).toString() } : {});
    if (t % 2) {
      const records = Array.from({ length: spans }, (_, i) => protoLog({
        body: `${pick(WORDS, i)} ${pick(WORDS, i * 7 + t)} ${pick(WORDS, i * 13)} request ${UNIQUE} took ${i % 977} ms`,
        severity: pick([9, 9, 9, 5, 13, 17], i),
        attrs: { "user.id": i * 31 % 5003, "http.route": `/item/${i % 40}`, "thread.name": `worker-${i % 16}`, [`feature.${i % 50}`]: true, ...large(i) },
      }));
      return new Template("/v1/logs", service, records);
    }
    const records = Array.from({ length: spans }, (_, i) => protoSpan({
      name: `GET /item/${i % 40}`,
      kind: pick([2, 3, 1], i),
      attrs: {
        "http.request.method": pick(["GET", "POST", "PUT"], i), "http.route": `/item/${i % 40}`, "http.response.status_code": pick([200, 200, 200, 404, 500], i),
        "url.full": `https://shop.example/item/${i % 40}?session=${UNIQUE}`, "user.id": i * 31 % 5003, "server.address": `10.0.0.${i % 200}`,
        "db.query.text": i % 3 ? "" : `SELECT * FROM items WHERE id = $1 AND shop = ${i % 7}`, "cache.hit": i % 2 === 0, "queue.depth": (i % 100) / 8, ...large(i),
      },
      exception: i % 100 === 0 && { "exception.type": pick(["Timeout", "KeyError", "IOError"], i), "exception.message": `no answer ${UNIQUE}`, "exception.stacktrace": "at shop.handler(line 10)\n".repeat(40) },
    }));
    return new Template("/v1/traces", service, records);
  });
}

/** A connection of HTTP/1.1: `send(path, body)` gives `{status, headers, text}`. */
export function httpSender(url, { keepAlive = true } = {}) {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  return {
    send: (path, body, headers = {}) => new Promise((resolve, reject) => {
      const call = request(`${url}${path}`, { method: "POST", agent, headers: { "Content-Type": "application/x-protobuf", "Content-Length": body.length, ...headers } }, (reply) => {
        const chunks = [];
        reply.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
        reply.on("end", () => resolve({ status: reply.statusCode, headers: reply.headers, text: Buffer.concat(chunks).toString() }));
      });
      call.on("error", reject);
      call.end(body);
    }),
    close: () => agent.destroy(),
  };
}

const SERVICES = { "/v1/traces": "trace.v1.TraceService", "/v1/logs": "logs.v1.LogsService", "/v1/metrics": "metrics.v1.MetricsService" };

/** A connection of gRPC: `send(path, message)` gives `{code, message, details, reply}`; the path is that of HTTP. */
export function grpcSender(url) {
  const session = connect(url);
  session.on("error", () => {});
  return {
    send: (path, message, headers = {}) => new Promise((resolve, reject) => {
      const call = session.request({ ":method": "POST", ":path": `/opentelemetry.proto.collector.${SERVICES[path]}/Export`, "content-type": "application/grpc", te: "trailers", ...headers });
      let meta = {};
      const chunks = [];
      call.on("response", (h) => (meta = { ...meta, ...h })).on("trailers", (h) => (meta = { ...meta, ...h }));
      call.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
      call.on("close", () => {
        if (meta["grpc-status"] === undefined) return reject(new Error("the call ended without a status"));
        resolve({
          code: Number(meta["grpc-status"]),
          message: decodeURIComponent(meta["grpc-message"] ?? ""),
          details: Buffer.from(meta["grpc-status-details-bin"] ?? "", "base64"),
          reply: Buffer.concat(chunks).subarray(5),
        });
      });
      const frame = Buffer.alloc(5);
      frame.writeUInt8(headers["grpc-encoding"] ? 1 : 0);
      frame.writeUInt32BE(message.length, 1);
      call.write(frame);
      call.end(message);
    }),
    close: () => session.destroy(),
  };
}

export const UNAVAILABLE = 14;
export const RESOURCE_EXHAUSTED = 8;
