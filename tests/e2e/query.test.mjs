// Queries that are wrong, too large, too slow, abandoned, or many at once. The server stays well.
import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { Pharos, metric, until } from "./lib.mjs";
import { bytes, compress, integer, text, timeSeries, write, writeRequest } from "./wire.mjs";

const CONFIG = "scrape_configs: []\n";
const seconds = () => Math.floor(Date.now() / 1000);

/** `count` series `m{n="…"}` with a sample a second in the `span` seconds before `end`; the value is the time. */
async function load(pharos, count, span, end = seconds()) {
  for (let n = 0; n < count; n += 10) {
    const some = Array.from({ length: Math.min(10, count - n) }, (_, i) =>
      timeSeries([["__name__", "m"], ["n", String(n + i)]], Array.from({ length: span }, (_, s) => [end - span + 1 + s, (end - span + 1 + s) * 1000])));
    const reply = await write(pharos.url, compress(writeRequest(...some)));
    assert.equal(reply.status, 204, reply.text);
  }
  return end;
}

async function post(pharos, path, params) {
  const reply = await fetch(pharos.url + path, { method: "POST", body: new URLSearchParams(params) });
  const text = await reply.text();
  return { status: reply.status, text, body: /^\{/.test(text) ? JSON.parse(text) : undefined };
}

/** It answers, and it does so right. */
async function well(pharos) {
  assert.equal((await fetch(`${pharos.url}/-/healthy`)).status, 200);
  const [status, body] = await pharos.get("/api/v1/query", { query: "1 + 1" });
  assert.deepEqual([status, body.data?.result[1]], [200, "2"], JSON.stringify(body));
  assert.doesNotMatch(pharos.output, /panicked/);
}

test("a syntax error has the line and column of the original", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const faults = {
    "up{": /1:4: parse error: unexpected end of input inside braces/,
    "rate(up)": /1:6: parse error: expected type range vector in call to function "rate", got instant vector/,
    "foo bar": /1:5: parse error: unexpected identifier "bar"/,
    "1 +\n\n  }": /3:3: parse error: unexpected character: '}'/,
    '"abc': /1:1: parse error: unterminated quoted string/,
    "sum(\n  up,\n  nosuch(up))": /3:3: parse error: unknown function with name "nosuch"/,
    'up{a="b': /1:6: parse error: unterminated quoted string/,
    "sum(up": /1:7: parse error: unclosed left parenthesis/,
    "{}": /1:1: parse error: vector selector must contain at least one non-empty matcher/,
    "up[5m] + 1": /1:1: parse error: binary expression must contain only scalar and instant vector types/,
    "a and 1": /1:1: parse error: set operator "and" not allowed in binary scalar expression/,
    'up{a=~"("}': /1:4: parse error: error parsing regexp/,
    "up @ x": /1:6: parse error: unexpected identifier "x" in @, expected timestamp/,
    "1 ++": /1:5: parse error: unexpected end of input/,
    "sum by (a (up)": /1:11: parse error: unexpected "\(" in grouping opts, expected "," or "\)"/,
    "": /unknown position: parse error: no expression found in input/,
  };
  for (const [query, words] of Object.entries(faults)) {
    for (const [path, times] of [["/api/v1/query", {}], ["/api/v1/query_range", { start: 0, end: 10, step: 1 }]]) {
      const { status, body } = await post(pharos, path, { query, ...times });
      assert.deepEqual([status, body?.status, body?.errorType], [400, "error", "bad_data"], query);
      assert.match(body.error, words, query);
      assert.match(body.error, /^invalid parameter "query": /, query);
    }
  }
  for (const [query, type] of [["up[5m]", "range vector"], ['"up"', "string"]]) {
    const { status, body } = await post(pharos, "/api/v1/query_range", { query, start: 0, end: 10, step: 1 });
    const error = `invalid parameter "query": invalid expression type "${type}" for range query, must be Scalar or instant Vector`;
    assert.deepEqual([status, body.errorType, body.error], [400, "bad_data", error]);
  }
  await well(pharos);
});

test("a query over the sample limit is refused in the original's words", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG, args: ["--query-max-samples", "1000"] });
  const end = await load(pharos, 20, 100);
  const check = async (path, params) => {
    const { status, body } = await post(pharos, path, params);
    assert.deepEqual([status, body.errorType, body.error], [422, "execution", "query processing would load too many samples into memory in query execution"], JSON.stringify(params));
  };
  for (let i = 0; i < 3; i++) {
    await check("/api/v1/query", { query: "m[5m]", time: end });
    await check("/api/v1/query_range", { query: "m", start: end - 99, end, step: 1 });
    await check("/api/v1/query", { query: "max_over_time(m[5m:1s])", time: end });
    // Small ones go on, and find every sample.
    assert.deepEqual(await pharos.query("count(m)", { time: end }), { "{}": "20" });
    assert.deepEqual(await pharos.query('count_over_time(m{n="3"}[5m])', { time: end }), { '{n="3"}': "100" });
  }
  await well(pharos);
});

test("a query over its time ends with 503", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG, args: ["--query-timeout", "1ms"] });
  const end = await load(pharos, 50, 1800);
  const heavy = { query: "quantile_over_time(0.9, m[20m])", start: end - 1800, end, step: 1 };
  for (let i = 0; i < 3; i++) {
    const { status, body } = await post(pharos, "/api/v1/query_range", heavy);
    assert.deepEqual([status, body.errorType], [503, "timeout"], JSON.stringify(body).slice(0, 500));
    assert.match(body.error, /^query timed out in /);
  }
  assert.equal((await fetch(`${pharos.url}/-/healthy`)).status, 200);
  await until(async () => (await metric(pharos.url, "prometheus_engine_queries")) === 0, "no query");
});

test("a query says itself how long it may take", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const end = await load(pharos, 50, 1800);
  const heavy = { query: "quantile_over_time(0.9, m[20m])", start: end - 1800, end, step: 1, timeout: "2ms" };
  const { status, body } = await post(pharos, "/api/v1/query_range", heavy);
  assert.deepEqual([status, body.errorType], [503, "timeout"], JSON.stringify(body).slice(0, 500));
  await well(pharos);
});

test("a client that leaves takes its query along", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG, args: ["--query-max-concurrency", "1", "--query-timeout", "1h", "--query-max-samples", "1000000000"] });
  const end = await load(pharos, 100, 3600);
  const under = () => metric(pharos.url, "prometheus_engine_queries");
  // Many minutes of work, unless somebody stops it.
  const heavy = new URLSearchParams({ query: "sum(quantile_over_time(0.9, m[1h])) + sum(mad_over_time(m[1h]))", start: end - 10_000, end: end + 900, step: 1 });
  for (let i = 0; i < 3; i++) {
    const leaving = new AbortController();
    const answer = fetch(`${pharos.url}/api/v1/query_range`, { method: "POST", body: heavy, signal: leaving.signal }).then((r) => r.status, (e) => e.name);
    await until(async () => (await under()) === 1, "the query to run");
    leaving.abort();
    assert.equal(await answer, "AbortError");
    await until(async () => (await under()) === 0, "the query to be gone");
    // Only one may run at a time: the next is answered when the abandoned one has really ended.
    await well(pharos);
  }
});

test("11,000 points", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const end = await load(pharos, 3, 3600);
  const range = { start: end - 11_000, end, step: 1 };
  const { status, body } = await post(pharos, "/api/v1/query_range", { query: "m", ...range });
  assert.equal(status, 200);
  assert.equal(body.data.result.length, 3);
  for (const { values } of body.data.result) {
    assert.deepEqual(values, Array.from({ length: 3600 }, (_, s) => [end - 3599 + s, String(end - 3599 + s)]));
  }
  const scalar = await post(pharos, "/api/v1/query_range", { query: "time()", ...range });
  assert.deepEqual(scalar.body.data.result[0].values, Array.from({ length: 11_001 }, (_, s) => [range.start + s, String(range.start + s)]));
  const over = await post(pharos, "/api/v1/query_range", { query: "m", ...range, start: range.start - 1 });
  assert.deepEqual([over.status, over.body.errorType], [400, "bad_data"]);
  assert.match(over.body.error, /exceeded maximum resolution of 11,000 points per timeseries/);
});

test("a large answer is the same however it is packed", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const end = await load(pharos, 200, 600);
  const ask = (path, params, encoding) => new Promise((resolve, reject) => {
    get(`${pharos.url}${path}?${new URLSearchParams(params)}`, { headers: { "Accept-Encoding": encoding } }, (reply) => {
      const parts = [];
      reply.on("data", (part) => parts.push(part)).on("error", reject);
      reply.on("end", () => resolve({ encoding: reply.headers["content-encoding"] ?? "identity", body: Buffer.concat(parts) }));
    }).on("error", reject);
  });
  const open = { identity: (b) => b, gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync, zstd: () => null };
  for (const [path, params] of [["/api/v1/query", { query: "m[10m]", time: end }], ["/api/v1/query_range", { query: "m", start: end - 599, end, step: 1 }]]) {
    const plain = await ask(path, params, "identity");
    assert.equal(plain.encoding, "identity");
    const { result } = JSON.parse(plain.body).data;
    assert.equal(result.length, 200);
    assert.ok(result.every(({ values }) => values.length === 600));
    assert.ok(plain.body.length > 2_000_000, `${plain.body.length} bytes`);
    for (const wanted of ["gzip", "zstd", "gzip, deflate", "gzip, deflate, br, zstd"]) {
      const packed = await ask(path, params, wanted);
      assert.notEqual(packed.encoding, "identity", wanted);
      assert.ok(wanted.includes(packed.encoding), `${packed.encoding} for ${wanted}`);
      const opened = open[packed.encoding](packed.body);
      if (opened) assert.deepEqual(JSON.parse(opened).data, JSON.parse(plain.body).data, wanted);
    }
  }
  await well(pharos);
});

test("remote read in frames is the same however it is packed", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const end = await load(pharos, 50, 600);
  const matcher = bytes(3, Buffer.concat([text(2, "__name__"), text(3, "m")]));
  const query = bytes(1, Buffer.concat([integer(1, (end - 600) * 1000), integer(2, end * 1000), matcher]));
  const STREAMED_XOR_CHUNKS = 1;
  const body = compress(Buffer.concat([query, integer(2, STREAMED_XOR_CHUNKS)]));
  const headers = { "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Read-Version": "0.1.0" };
  const ask = async (encoding) => {
    const reply = await fetch(`${pharos.url}/api/v1/read`, { method: "POST", headers: { ...headers, "Accept-Encoding": encoding }, body });
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get("content-type"), /^application\/x-streamed-protobuf; proto=prometheus\.ChunkedReadResponse/);
    return Buffer.from(await reply.arrayBuffer());
  };
  const plain = await ask("identity");
  assert.ok(plain.length > 5000, `${plain.length} bytes`);
  assert.ok(plain.equals(await ask("gzip")));
  await well(pharos);
});

test("huge and hostile regular expressions", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const end = await load(pharos, 100, 60);
  const words = Array.from({ length: 20_000 }, (_, i) => `word${i}`);
  // A list of values is what dashboards send; it must work.
  const list = await post(pharos, "/api/v1/query", { query: `count(m{n=~"${[...words, "7", "8"].join("|")}"})`, time: end });
  assert.deepEqual([list.status, list.body.data?.result[0].value[1]], [200, "2"], list.text.slice(0, 300));
  const hostile = [
    "((((a{1000}){1000}){1000}){1000})", "(a+)+$", "(.*){50}x".repeat(50), "(a|aa)+b", `${"(".repeat(1000)}a${")".repeat(1000)}`,
    `${"(".repeat(50_000)}a${")".repeat(50_000)}`, "[a-z".repeat(10_000), "\\\\p{Greek}{500}", ".{1,1000}x".repeat(100), "(?i)" + words.join("|"), "x".repeat(500_000),
  ];
  for (const pattern of hostile) {
    const { status, body } = await post(pharos, "/api/v1/query", { query: `m{n=~"${pattern}"}`, time: end });
    assert.ok([200, 400, 422].includes(status), `${pattern.slice(0, 40)}: ${status}`);
    if (status === 200) assert.deepEqual(body.data.result, [], pattern.slice(0, 40));
    await well(pharos);
  }
  const replaced = await post(pharos, "/api/v1/query", { query: `label_replace(m, "a", "$1", "n", "${hostile[0]}")`, time: end });
  assert.ok([200, 400, 422].includes(replaced.status), replaced.text.slice(0, 300));
  await well(pharos);
});

test("queries as deep as nobody writes them", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const [n, paths] = [100_000, ["/api/v1/query", "/api/v1/format_query", "/api/v1/parse_query", "/api/v1/query_exemplars", "/api/v1/query_range"]];
  const times = { start: 0, end: 10, step: 1 };
  const refused = {
    parentheses: `${"(".repeat(n)}1${")".repeat(n)}`,
    "open parentheses": "(".repeat(n),
    functions: `${"abs(".repeat(n)}up${")".repeat(n)}`,
    aggregations: `${"sum(".repeat(n)}up${")".repeat(n)}`,
    signs: `${"-".repeat(n)}1`,
    subqueries: `up${"[1m:1s]".repeat(n)}`,
    powers: Array(n).fill("2").join("^"),
  };
  for (const [what, query] of Object.entries(refused)) {
    for (const path of paths) {
      const { status, text } = await post(pharos, path, { query, ...times });
      assert.equal(status, 400, `${what} at ${path}: ${text.slice(0, 200)}`);
    }
    await well(pharos);
  }
  // Long is not deep; whether it is too long is for the server to say, as long as it says so.
  for (const query of [Array(n).fill("1").join("+"), Array(n).fill("up").join(" or "), `up{${Array.from({ length: n }, (_, i) => `a${i}="b"`).join(",")}}`]) {
    for (const path of paths) {
      const { status, text } = await post(pharos, path, { query, ...times });
      assert.ok([200, 400, 413, 422].includes(status), `${query.slice(0, 10)} at ${path}: ${status} ${text.slice(0, 200)}`);
    }
    await well(pharos);
  }
  const selector = await post(pharos, "/api/v1/series", { "match[]": `${"(".repeat(n)}up${")".repeat(n)}` });
  assert.equal(selector.status, 400);
  const endless = await post(pharos, "/api/v1/query", { query: `1${" ".repeat(20_000_000)}` });
  assert.ok([200, 400, 413].includes(endless.status), `${endless.status}`);
  await well(pharos);
});

test("50 range queries at once while samples come in: every batch is seen whole", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const [count, start] = [200, seconds() - 3000];
  const batch = (step) => compress(writeRequest(...Array.from({ length: count }, (_, n) =>
    timeSeries([["__name__", "w"], ["n", String(n)]], [[step, (start + step) * 1000]]))));
  let [written, over] = [0, false];
  const step = async () => {
    const reply = await write(pharos.url, batch(written));
    assert.equal(reply.status, 204, reply.text);
    written += 1;
  };
  await step();
  const writer = (async () => {
    while (!over) await step();
  })();
  const check = async (query, correct) => {
    const before = written;
    const { status, body } = await post(pharos, "/api/v1/query_range", { query, start, end: start + before - 1, step: 1 });
    assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
    assert.equal(body.data.result.length, 1, query);
    const { values } = body.data.result[0];
    // What was acknowledged before the question is in the answer.
    assert.equal(values.length, before, query);
    for (const [i, [at, value]] of values.entries()) {
      assert.equal(at, start + i);
      assert.equal(Number(value), correct(i), `${query} at step ${i}`);
    }
  };
  const ask = async (i) => {
    for (let round = 0; round < 4 || written < 40; round++) {
      if (i % 3 === 0) await check("count(w)", () => count);
      else if (i % 3 === 1) await check("max(w) - min(w)", () => 0);
      else await check("stdvar(w) + avg(w)", (step) => step);
    }
  };
  try {
    await Promise.all(Array.from({ length: 50 }, (_, i) => ask(i)));
  } finally {
    over = true;
    await writer;
  }
  // In the making, too: the newest batch is there in full or not at all.
  over = false;
  const again = (async () => {
    while (!over) await step();
  })();
  try {
    const goal = written + 40;
    while (written < goal) assert.deepEqual(await pharos.query("stdvar(w)", { time: start + written + 60 }), { "{}": "0" });
  } finally {
    over = true;
    await again;
  }
  await well(pharos);
});
