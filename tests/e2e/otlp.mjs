// OTLP bodies, as JSON, and how they are sent.
import { randomBytes } from "node:crypto";

export const traceId = () => randomBytes(16).toString("hex");
export const spanId = () => randomBytes(8).toString("hex");
export const nowNs = () => BigInt(Date.now()) * 1_000_000n;

const value = (v) => {
  if (typeof v === "string") return { stringValue: v };
  if (typeof v === "boolean") return { boolValue: v };
  if (Number.isInteger(v)) return { intValue: String(v) };
  if (typeof v === "number") return { doubleValue: v };
  if (Array.isArray(v)) return { arrayValue: { values: v.map(value) } };
  return { kvlistValue: { values: attributes(v) } };
};

export const attributes = (object) => Object.entries(object).map(([key, v]) => ({ key, value: value(v) }));

/** A span; `parent` is a span, `start` and `ms` say when. */
export function span({ trace, parent, name = "GET /", kind = 2, start = nowNs(), ms = 5, attrs = {}, ...rest }) {
  return {
    traceId: trace ?? parent?.traceId ?? traceId(),
    spanId: spanId(),
    ...(parent && { parentSpanId: parent.spanId }),
    name,
    kind,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.round(ms * 1e6))),
    attributes: attributes(attrs),
    ...rest,
  };
}

export const spansOf = (service, spans, resource = {}) => ({
  resourceSpans: [
    {
      resource: { attributes: attributes({ "service.name": service, ...resource }) },
      scopeSpans: [{ scope: { name: "test", version: "1" }, spans }],
    },
  ],
});

export const log = ({ body, severity = 9, time = nowNs(), attrs = {}, ...rest }) => ({
  timeUnixNano: String(time),
  severityNumber: severity,
  body: value(body),
  attributes: attributes(attrs),
  ...rest,
});

export const logsOf = (service, logRecords, resource = {}) => ({
  resourceLogs: [
    {
      resource: { attributes: attributes({ "service.name": service, ...resource }) },
      scopeLogs: [{ scope: {}, logRecords }],
    },
  ],
});

/** POSTs a body; an object as JSON. */
export async function send(url, path, body, headers = {}) {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const reply = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: raw ? body : JSON.stringify(body),
  });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, text, json: () => JSON.parse(text) };
}
