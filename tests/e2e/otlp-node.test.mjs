// Node services with OpenTelemetry's own SDK, by each of its exporters.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SpanKind, SpanStatusCode, context, trace } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPTraceExporter as Grpc } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as Json } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as Proto } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { Pharos } from "./lib.mjs";

const resource = resourceFromAttributes({ "service.name": "node-shop", "service.version": "9" });

for (const [name, exporter] of [
  ["gRPC", (url) => new Grpc({ url })],
  ["JSON", (url) => new Json({ url: `${url}/v1/traces` })],
  ["protobuf, gzip", (url) => new Proto({ url: `${url}/v1/traces`, compression: "gzip" })],
]) {
  test(`spans over ${name}`, async (t) => {
    const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
    const provider = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter(pharos.url))] });
    const tracer = provider.getTracer("test", "1.0");
    const root = tracer.startSpan("GET /", { kind: SpanKind.SERVER, attributes: { "http.route": "/", retries: 3, ratio: 0.5, tags: ["a", "b"] } });
    const child = tracer.startSpan("query", { kind: SpanKind.CLIENT, links: [{ context: root.spanContext() }] }, trace.setSpan(context.active(), root));
    child.recordException(new TypeError("no such column"));
    child.setStatus({ code: SpanStatusCode.ERROR, message: "failed" });
    child.end();
    root.end();
    await provider.forceFlush();
    await provider.shutdown();
    const { traceId } = root.spanContext();
    const [status, body] = await pharos.get(`/api/pharos/traces/${traceId}`);
    assert.equal(status, 200, JSON.stringify(body));
    const by = Object.fromEntries(body.spans.map((one) => [one.name, one]));
    assert.deepEqual([by["GET /"].span_kind, by["GET /"].attributes.retries, by["GET /"].attributes.ratio], ["server", 3, 0.5]);
    assert.deepEqual(by["GET /"].attributes.tags, ["a", "b"]);
    assert.deepEqual([by.query.parent_span_id, by.query.status, by.query.status_message], [root.spanContext().spanId, "error", "failed"]);
    assert.equal(by.query.events[0].attributes["exception.message"], "no such column");
    assert.equal(by.query.links[0].span_id, root.spanContext().spanId);
  });
}

test("log records", async (t) => {
  const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
  const processor = new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${pharos.url}/v1/logs` }) });
  const provider = new LoggerProvider({ resource, processors: [processor] });
  provider.getLogger("test").emit({ severityNumber: 13, severityText: "WARN", body: "nearly full", attributes: { disk: "sda", percent: 91 } });
  await provider.forceFlush();
  await provider.shutdown();
  const [, found] = await pharos.get("/api/pharos/search", { kind: "log", q: "service:node-shop percent>90" });
  assert.deepEqual(found.events.map((one) => [one.body, one.severity_text, one.release]), [["nearly full", "WARN", "9"]]);
});
