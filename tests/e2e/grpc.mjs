// gRPC with the library that Node services use, from the .proto files beside.
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const load = (name) =>
  grpc.loadPackageDefinition(
    loadSync(name, { includeDirs: [fileURLToPath(new URL("proto", import.meta.url))], keepCase: false, longs: String, defaults: true, oneofs: true }),
  );

const TraceService = load("collector.proto").opentelemetry.proto.collector.trace.v1.TraceService;
const QueryService = load("jaeger.proto").jaeger.api_v3.QueryService;

const client = (Service) => (t, port, options = {}) => {
  const made = new Service(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
  t.after(() => made.close());
  return made;
};

export const traceService = client(TraceService);
export const queryService = client(QueryService);
/** How the call of export is named and written. */
export const exportCall = TraceService.service.Export;
export { grpc };

/** A call of one message, as a promise. */
export const call = (service, method, message, { metadata = new grpc.Metadata(), ...options } = {}) =>
  new Promise((done, fail) => {
    service[method](message, metadata, options, (error, answer) => (error ? fail(error) : done(answer)));
  });

/** All messages of a streamed answer. */
export async function stream(service, method, message) {
  const messages = [];
  for await (const one of service[method](message)) messages.push(one);
  return messages;
}

/** A body of OTLP's JSON as the message: ids as bytes. */
export function message(json) {
  const bytes = (hex) => Buffer.from(hex ?? "", "hex");
  const span = (s) => ({ ...s, traceId: bytes(s.traceId), spanId: bytes(s.spanId), parentSpanId: bytes(s.parentSpanId) });
  return {
    resourceSpans: json.resourceSpans.map((r) => ({
      ...r,
      scopeSpans: r.scopeSpans.map((s) => ({ ...s, spans: s.spans.map(span) })),
    })),
  };
}

/** A moment as protobuf has it, from nanoseconds. */
export const moment = (ns) => ({ seconds: String(ns / 1_000_000_000n), nanos: Number(ns % 1_000_000_000n) });
