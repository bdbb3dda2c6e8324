// Remote-write bodies, by hand: what the tests need of protobuf, and snappy from a package.
import snappy from "snappyjs";

export function varint(n) {
  const out = [];
  let v = BigInt.asUintN(64, BigInt(n));
  while (v >= 0x80n) {
    out.push(Number(v & 0x7fn) | 0x80);
    v >>= 7n;
  }
  out.push(Number(v));
  return Buffer.from(out);
}

export const bytes = (field, body) => Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
export const text = (field, s) => bytes(field, Buffer.from(s));
export const double = (field, v) => {
  const b = Buffer.alloc(8);
  b.writeDoubleLE(v);
  return Buffer.concat([varint((field << 3) | 1), b]);
};
export const integer = (field, v) => Buffer.concat([varint(field << 3), varint(v)]);

/** `prometheus.TimeSeries` from label pairs as given, and `[[value, timestampMs]]`. */
export function timeSeries(labels, samples) {
  const pairs = labels.map(([n, v]) => bytes(1, Buffer.concat([text(1, n), text(2, v)])));
  const points = samples.map(([v, t]) => bytes(2, Buffer.concat([double(1, v), integer(2, t)])));
  return Buffer.concat([...pairs, ...points]);
}

/** An uncompressed `prometheus.WriteRequest`. */
export const writeRequest = (...series) => Buffer.concat(series.map((s) => bytes(1, s)));

/** An uncompressed `io.prometheus.write.v2.Request`: label pairs go through a symbol table. */
export function writeRequest2(...series) {
  const symbols = [""];
  const ref = (s) => {
    const at = symbols.indexOf(s);
    return at >= 0 ? at : symbols.push(s) - 1;
  };
  const encoded = series.map(({ labels, samples }) => {
    const refs = Buffer.concat(labels.flat().map((s) => varint(ref(s))));
    const points = samples.map(([v, t]) => bytes(2, Buffer.concat([double(1, v), integer(2, t)])));
    return bytes(5, Buffer.concat([bytes(1, refs), ...points]));
  });
  return Buffer.concat([...symbols.map((s) => text(4, s)), ...encoded]);
}

const zigzag = (v) => (BigInt(v) << 1n) ^ (BigInt(v) >> 63n);

/**
 * A delimited `io.prometheus.client.MetricFamily` with one native histogram of integers: `spans` are `[offset, length]`,
 * `deltas` the differences between the counts of neighbouring buckets.
 */
export function histogramFamily(name, help, labels, { count, sum, schema, zeroThreshold, zeroCount, spans, deltas }) {
  const pairs = labels.map(([n, v]) => bytes(1, Buffer.concat([text(1, n), text(2, v)])));
  const histogram = Buffer.concat([
    integer(1, count),
    double(2, sum),
    integer(5, zigzag(schema)),
    double(6, zeroThreshold),
    integer(7, zeroCount),
    ...spans.map(([offset, length]) => bytes(12, Buffer.concat([integer(1, zigzag(offset)), integer(2, length)]))),
    bytes(13, Buffer.concat(deltas.map((d) => varint(zigzag(d))))),
  ]);
  const HISTOGRAM = 4;
  const metric = Buffer.concat([...pairs, bytes(7, histogram)]);
  const family = Buffer.concat([text(1, name), text(2, help), integer(3, HISTOGRAM), bytes(4, metric)]);
  return Buffer.concat([varint(family.length), family]);
}

export const compress = (body) => Buffer.from(snappy.compress(body));

/** Sends a remote-write body; `version` 1 or 2. */
export async function write(url, body, { version = 1, encoding = "snappy", type } = {}) {
  const proto = version === 2 ? ";proto=io.prometheus.write.v2.Request" : "";
  const reply = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    headers: {
      "Content-Encoding": encoding,
      "Content-Type": type ?? `application/x-protobuf${proto}`,
      "X-Prometheus-Remote-Write-Version": version === 2 ? "2.0.0" : "0.1.0",
    },
    body,
  });
  return { status: reply.status, text: await reply.text(), headers: reply.headers };
}
