// Scraping: targets that behave, misbehave and go away.
import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { describe, test } from "node:test";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Pharos, TEXT, file, folder, metric, target, until } from "./lib.mjs";
import { histogramFamily } from "./wire.mjs";

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/** JSON is YAML. One job called `j` unless its settings say otherwise. */
function config(...jobs) {
  const defaults = { job_name: "j", scrape_interval: "1s", scrape_timeout: "1s" };
  return JSON.stringify({ scrape_configs: jobs.map((job) => ({ ...defaults, ...job })) });
}

const of = (...addresses) => ({ static_configs: [{ targets: addresses }] });

/** A server that scrapes one body of one target. */
async function scraping(t, answer, settings = {}) {
  const server = await target(t, answer);
  const pharos = await Pharos.start(t, { config: config({ ...of(server.address), ...settings }) });
  return { server, pharos };
}

const active = async (pharos) => (await pharos.get("/api/v1/targets", { state: "active" }))[1].data.activeTargets;

/** The target of a job once it has been scraped and is up or down. */
const healthOf = (pharos, health, job = "j") =>
  until(async () => (await active(pharos)).find((x) => x.scrapePool === job && x.health === health), `${job} is ${health}`);

/** The values of the only series of a query; undefined when there is none. */
async function value(pharos, query) {
  const all = Object.values(await pharos.query(query));
  assert.ok(all.length <= 1, `${query}: ${all.length} series`);
  return all[0];
}

const becomes = (pharos, query, want) => until(async () => (await value(pharos, query)) === want, `${query} to be ${want}`);

/** Good text until `bad` is set, from then on what it does. */
function turning(good) {
  const answer = (request, reply, number) => {
    if (answer.bad) answer.bad(request, reply, number);
    else reply.writeHead(200, { "Content-Type": TEXT }).end(good);
  };
  return answer;
}

describe("scraping", { concurrency: 4 }, () => {
  const cuts = {
    "a body shorter than its Content-Length": [/./, (_, reply) => {
      reply.writeHead(200, { "Content-Type": TEXT, "Content-Length": 1000 });
      reply.write("a 2\nb 2\n", () => reply.destroy());
    }],
    "a chunked body that breaks off": [/./, (_, reply) => {
      reply.writeHead(200, { "Content-Type": TEXT });
      reply.write("a 2\nb 2\n", () => reply.destroy());
    }],
    "a text that ends in the middle of a line": [/./, (_, reply) => reply.writeHead(200, { "Content-Type": TEXT }).end('a 2\nb{x="1')],
    "a gzip body cut off": [/./, (_, reply) => {
      const body = gzipSync(Array.from({ length: 500 }, (_, i) => `a{i="${Math.sin(i)}"} 2\n`).join(""));
      reply.writeHead(200, { "Content-Type": TEXT, "Content-Encoding": "gzip" }).end(body.subarray(0, body.length / 2));
    }],
    "status 500": [/server returned HTTP status 500 Internal Server Error/, (_, reply) => reply.writeHead(500, { "Content-Type": TEXT }).end("a 2\n")],
  };
  for (const [what, [words, bad]] of Object.entries(cuts)) {
    test(`${what}: nothing of it is stored, and what was there is stale`, async (t) => {
      const answer = turning("a 1\nb 1\n");
      const { pharos } = await scraping(t, answer);
      await becomes(pharos, "a", "1");
      answer.bad = bad;
      const { lastError } = await healthOf(pharos, "down");
      assert.match(lastError, words);
      await until(async () => (await value(pharos, "up")) === "0", "up 0");
      assert.deepEqual(await pharos.query('{__name__=~"a|b"}'), {});
      for (const name of ["a", "b"]) assert.equal(await value(pharos, `max_over_time(${name}[5m])`), "1");
      answer.bad = undefined;
      await becomes(pharos, "a", "1");
      assert.equal((await fetch(`${pharos.url}/-/healthy`)).status, 200);
    });
  }

  test("a wrong content type: the error says what to set, and setting it helps", async (t) => {
    const answer = (type) => (_, reply) => reply.writeHead(200, type ? { "Content-Type": type } : {}).end("a 1\n");
    const [wrong, blank] = [await target(t, answer("application/json")), await target(t, answer(""))];
    const fallback = { fallback_scrape_protocol: "PrometheusText0.0.4" };
    const pharos = await Pharos.start(t, {
      config: config(
        { job_name: "wrong", ...of(wrong.address) },
        { job_name: "blank", ...of(blank.address) },
        { job_name: "wrong-fallback", ...of(wrong.address), ...fallback },
        { job_name: "blank-fallback", ...of(blank.address), ...fallback },
      ),
    });
    for (const job of ["wrong", "blank"]) {
      const { lastError } = await healthOf(pharos, "down", job);
      assert.match(lastError, /fallback_scrape_protocol/, job);
      assert.match(lastError, job === "wrong" ? /application\/json/ : /blank Content-Type/);
      await healthOf(pharos, "up", `${job}-fallback`);
    }
    await until(async () => Object.keys(await pharos.query("a")).length === 2, "both series");
  });

  test("gzip, and what is asked for", async (t) => {
    const server = await target(t, (request, reply) => {
      const packed = /gzip/.test(request.headers["accept-encoding"]);
      const body = Buffer.from(`a{packed="${packed}"} 1\n`);
      reply.writeHead(200, { "Content-Type": TEXT, ...(packed && { "Content-Encoding": "gzip" }) }).end(packed ? gzipSync(body) : body);
    });
    const pharos = await Pharos.start(t, {
      config: config({ job_name: "packed", ...of(server.address) }, { job_name: "plain", enable_compression: false, ...of(server.address) }),
    });
    await becomes(pharos, 'a{job="packed",packed="true"}', "1");
    await becomes(pharos, 'a{job="plain",packed="false"}', "1");
    const { headers } = server.requests[0];
    assert.match(headers.accept, /application\/openmetrics-text;version=1\.0\.0/);
    assert.match(headers.accept, /text\/plain;version=0\.0\.4/);
    assert.equal(headers["x-prometheus-scrape-timeout-seconds"], "1");
    assert.match(headers["user-agent"], /Pharos/i);
  });

  test("a sample twice in one body: the first counts, the scrape is good", async (t) => {
    const { pharos } = await scraping(t, 'a{l="1"} 1\na{l="1"} 2\nb 3\n');
    await becomes(pharos, "a", "1");
    assert.equal(await value(pharos, "b"), "3");
    assert.equal(await value(pharos, "up"), "1");
    assert.ok((await metric(pharos.url, "prometheus_target_scrapes_sample_duplicate_timestamp_total")) >= 1);
    assert.equal((await active(pharos))[0].lastError, "");
  });

  test("times of their own, one of them out of order: it is lost and counted, the rest is stored", async (t) => {
    const at = Date.now() - 60_000;
    const answer = turning(`a 1 ${at}\nb 1\n`);
    const { pharos } = await scraping(t, answer);
    await becomes(pharos, "a", "1");
    answer.bad = (_, reply) => reply.writeHead(200, { "Content-Type": TEXT }).end(`a 2 ${at - 30_000}\nb 2\n`);
    await becomes(pharos, "b", "2");
    assert.equal(await value(pharos, "up"), "1");
    assert.equal(await value(pharos, "max_over_time(a[5m])"), "1");
    assert.equal(await value(pharos, "count_over_time(a[5m])"), "1");
    assert.ok((await metric(pharos.url, "prometheus_target_scrapes_sample_out_of_order_total")) >= 1);
    // Another value at the same time is no better.
    answer.bad = (_, reply) => reply.writeHead(200, { "Content-Type": TEXT }).end(`a 3 ${at}\nb 3\n`);
    await becomes(pharos, "b", "3");
    assert.equal(await value(pharos, "max_over_time(a[5m])"), "1");
    assert.ok((await metric(pharos.url, "prometheus_target_scrapes_sample_duplicate_timestamp_total")) >= 1);
  });

  test("times of their own are left alone when honor_timestamps says so", async (t) => {
    const at = Date.now() - 3_600_000;
    const { pharos } = await scraping(t, `a 1 ${at}\n`, { honor_timestamps: false });
    await becomes(pharos, "a", "1");
    assert.equal(await value(pharos, "timestamp(a) - timestamp(up)"), "0");
  });

  test("sample_limit: over it nothing is stored, at it everything", async (t) => {
    const server = await target(t, "a 1\nb 1\nc 1\nd 1\n");
    const pharos = await Pharos.start(t, {
      config: config({ job_name: "over", sample_limit: 3, ...of(server.address) }, { job_name: "at", sample_limit: 4, ...of(server.address) }),
    });
    const { lastError } = await healthOf(pharos, "down", "over");
    assert.match(lastError, /^sample limit exceeded/);
    await healthOf(pharos, "up", "at");
    await becomes(pharos, 'scrape_samples_scraped{job="at"}', "4");
    assert.deepEqual(await pharos.query('{__name__=~"a|b|c|d",job="over"}'), {});
    assert.equal(await value(pharos, 'count({__name__=~"a|b|c|d",job="at"})'), "4");
    assert.equal(await value(pharos, 'up{job="over"}'), "0");
    assert.equal(await value(pharos, 'scrape_samples_scraped{job="over"}'), "4");
    assert.ok((await metric(pharos.url, "prometheus_target_scrapes_exceeded_sample_limit_total")) >= 1);
  });

  test("label limits name the limit, the metric and the label", async (t) => {
    const server = await target(t, `a{one="1",two_is_long="${"v".repeat(60)}"} 1\n`);
    const pharos = await Pharos.start(t, {
      config: config(
        { job_name: "count", label_limit: 4, ...of(server.address) },
        { job_name: "name", label_name_length_limit: 10, ...of(server.address) },
        { job_name: "value", label_value_length_limit: 50, ...of(server.address) },
        { job_name: "fits", label_limit: 5, label_name_length_limit: 11, label_value_length_limit: 60, ...of(server.address) },
      ),
    });
    await healthOf(pharos, "up", "fits");
    const words = {
      count: /label_limit exceeded \(metric: a, number of labels: 5, limit: 4\)/,
      name: /label_name_length_limit exceeded \(metric: a, label name: two_is_long, length: 11, limit: 10\)/,
      value: /label_value_length_limit exceeded \(metric: a, label name: two_is_long, value: "v+", length: 60, limit: 50\)/,
    };
    for (const [job, pattern] of Object.entries(words)) {
      assert.match((await healthOf(pharos, "down", job)).lastError, pattern);
      assert.deepEqual(await pharos.query(`a{job="${job}"}`), {});
    }
    assert.equal(await value(pharos, 'a{job="fits"}'), "1");
  });

  test("body_size_limit, packed or not", async (t) => {
    const large = `a 1\n# ${"x".repeat(4_000_000)}\n`;
    const plain = await target(t, large);
    const bomb = gzipSync(Buffer.from(large));
    assert.ok(bomb.length < 10_000);
    const packed = await target(t, (_, reply) => reply.writeHead(200, { "Content-Type": TEXT, "Content-Encoding": "gzip" }).end(bomb));
    const pharos = await Pharos.start(t, {
      config: config(
        { job_name: "plain", body_size_limit: "1MB", ...of(plain.address) },
        { job_name: "packed", body_size_limit: "1MB", ...of(packed.address) },
        { job_name: "fits", body_size_limit: "5MB", ...of(packed.address) },
      ),
    });
    for (const job of ["plain", "packed"]) {
      assert.match((await healthOf(pharos, "down", job)).lastError, /body size limit exceeded/, job);
      assert.equal(await value(pharos, `up{job="${job}"}`), "0");
    }
    await healthOf(pharos, "up", "fits");
    assert.deepEqual(Object.keys(await pharos.query("count by (job) (a)")), ['{job="fits"}']);
    assert.ok((await metric(pharos.url, "prometheus_target_scrapes_exceeded_body_size_limit_total")) >= 2);
  });

  test("target_limit: over it every target of the job is down", async (t) => {
    const servers = [await target(t, "a 1\n"), await target(t, "a 1\n")];
    const pharos = await Pharos.start(t, { config: config({ target_limit: 1, ...of(...servers.map((s) => s.address)) }) });
    await until(async () => (await active(pharos)).filter((x) => x.health === "down").length === 2, "both down");
    assert.match((await active(pharos))[0].lastError, /target_limit exceeded \(number of targets: 2, limit: 1\)/);
  });

  test("a target that never answers does not hold up another", async (t) => {
    const slow = await target(t, () => {});
    const half = await target(t, (_, reply) => reply.writeHead(200, { "Content-Type": TEXT }).write("a 1\n"));
    const fast = await target(t, "a 1\n");
    const pharos = await Pharos.start(t, { config: config(of(slow.address, half.address, fast.address)) });
    const count = async () => Number((await value(pharos, `count_over_time(a{instance="${fast.address}"}[5m])`)) ?? 0);
    const before = await until(count, "a scrape");
    const asked = slow.requests.length;
    await until(async () => (await count()) >= before + 5, "five more scrapes of the fast one");
    // The slow ones were asked as often, once an interval, and each failed by itself.
    assert.ok(slow.requests.length >= asked + 3, `${slow.requests.length - asked} more requests to the slow one`);
    for (const { address } of [slow, half]) {
      assert.equal(await value(pharos, `up{instance="${address}"}`), "0");
      const { lastError } = (await active(pharos)).find((x) => x.scrapeUrl.includes(address));
      assert.match(lastError, /deadline|timed? ?out|no answer within/i);
    }
    assert.equal(await value(pharos, `max_over_time(up{instance="${fast.address}"}[5m]) == min_over_time(up{instance="${fast.address}"}[5m])`), "1");
    assert.deepEqual(Object.keys(await pharos.query("count by (instance) (a)")), [`{instance="${fast.address}"}`]);
  });

  test("a target that disappears: up is 0 and its series end at once", async (t) => {
    const { pharos, server } = await scraping(t, 'a 1\nb{x="1"} 2\n');
    await becomes(pharos, "a", "1");
    server.close();
    await until(async () => (await value(pharos, "up")) === "0", "up 0");
    assert.deepEqual(await pharos.query('{__name__=~"a|b"}'), {});
    assert.match((await healthOf(pharos, "down")).lastError, /refused/);
    // What was there before is still there, for who asks for that time.
    const [, { data }] = await pharos.get("/api/v1/query", { query: "a[5m]" });
    assert.ok(data.result[0].values.every(([, v]) => v === "1"));
    assert.equal(await value(pharos, "scrape_samples_scraped"), "0");
  });

  test("a series that disappears ends at once, the others go on, and it may come back", async (t) => {
    const answer = turning('a{x="1"} 1\na{x="2"} 1\n');
    const { pharos } = await scraping(t, answer);
    await becomes(pharos, 'a{x="2"}', "1");
    answer.bad = (_, reply) => reply.writeHead(200, { "Content-Type": TEXT }).end('a{x="1"} 5\n');
    await becomes(pharos, 'a{x="1"}', "5");
    assert.deepEqual(await pharos.query('a{x="2"}'), {});
    assert.equal(await value(pharos, "up"), "1");
    answer.bad = undefined;
    await becomes(pharos, 'a{x="2"}', "1");
    // An answer without any series ends all of them and is no failure.
    answer.bad = (_, reply) => reply.writeHead(200, { "Content-Type": TEXT }).end("");
    await becomes(pharos, "scrape_samples_scraped", "0");
    assert.deepEqual(await pharos.query("a"), {});
    assert.equal(await value(pharos, "up"), "1");
  });

  test("honor_labels decides whose labels count", async (t) => {
    const server = await target(t, 'a{job="theirs",instance="their:1",exported_job="x"} 1\nb{job=""} 1\n');
    const pharos = await Pharos.start(t, {
      config: config({ job_name: "ours", ...of(server.address) }, { job_name: "theirs-count", honor_labels: true, ...of(server.address) }),
    });
    await healthOf(pharos, "up", "ours");
    await healthOf(pharos, "up", "theirs-count");
    const us = `instance="${server.address}",job="ours"`;
    await until(async () => Object.keys(await pharos.query("a")).length === 2, "both");
    assert.deepEqual(await pharos.query("a"), {
      [`a{exported_exported_job="theirs",exported_instance="their:1",exported_job="x",${us}}`]: "1",
      'a{exported_job="x",instance="their:1",job="theirs"}': "1",
    });
    // An empty label that counts takes the server's away.
    assert.deepEqual(await pharos.query("b"), { [`b{${us}}`]: "1", [`b{instance="${server.address}"}`]: "1" });
  });

  test("relabeling drops, keeps and renames targets", async (t) => {
    const server = await target(t, (request, reply) => reply.writeHead(200, { "Content-Type": TEXT }).end(`path{path="${request.url}"} 1\n`));
    const group = (env) => ({ targets: [server.address], labels: { env, __secret: env.toUpperCase() } });
    const pharos = await Pharos.start(t, {
      config: config(
        {
          job_name: "drop",
          static_configs: [group("dev"), group("prod")],
          relabel_configs: [
            { source_labels: ["env"], regex: "d.v", action: "drop" },
            { source_labels: ["__secret"], target_label: "shout" },
            { target_label: "__metrics_path__", replacement: "/other" },
            { target_label: "__param_q", replacement: "1" },
            { target_label: "instance", replacement: "named" },
          ],
        },
        { job_name: "keep", static_configs: [group("dev"), group("prod")], relabel_configs: [{ source_labels: ["env"], regex: "dev", action: "keep" }] },
      ),
    });
    await healthOf(pharos, "up", "drop");
    await healthOf(pharos, "up", "keep");
    await until(async () => Object.keys(await pharos.query("path")).length === 2, "both");
    assert.deepEqual(await pharos.query("path"), {
      'path{env="prod",instance="named",job="drop",path="/other?q=1",shout="PROD"}': "1",
      [`path{env="dev",instance="${server.address}",job="keep",path="/metrics"}`]: "1",
    });
    const [, { data }] = await pharos.get("/api/v1/targets");
    assert.deepEqual(data.droppedTargets.map((x) => [x.discoveredLabels.job, x.discoveredLabels.env]).sort(), [["drop", "dev"], ["keep", "prod"]]);
    assert.deepEqual(data.droppedTargetCounts, { drop: 1, keep: 1 });
  });

  test("metric relabeling drops, rewrites and renames series", async (t) => {
    const { pharos } = await scraping(t, 'a{path="/x/1",pod="p"} 1\na_bucket{le="1"} 5\nold 2\n', {
      metric_relabel_configs: [
        { source_labels: ["__name__"], regex: ".*_bucket", action: "drop" },
        { source_labels: ["path"], regex: "/(.)/.*", target_label: "path", replacement: "/$1" },
        { regex: "pod", action: "labeldrop" },
        { source_labels: ["__name__"], regex: "old", target_label: "__name__", replacement: "new" },
      ],
    });
    await becomes(pharos, "new", "2");
    const [, { data }] = await pharos.get("/api/v1/series", { "match[]": '{job="j",__name__!~"up|scrape_.*"}' });
    const plain = data.map(({ job, instance, ...rest }) => rest).sort((a, b) => (a.__name__ < b.__name__ ? -1 : 1));
    assert.deepEqual(plain, [{ __name__: "a", path: "/x" }, { __name__: "new" }]);
    assert.equal(await value(pharos, "scrape_samples_scraped"), "3");
    assert.equal(await value(pharos, "scrape_samples_post_metric_relabeling"), "2");
  });

  test("OpenMetrics with exemplars", async (t) => {
    const at = Math.floor(Date.now() / 1000) - 5;
    const body = `# HELP req Requests.
# TYPE req counter
# UNIT req
req_total{path="/"} 5 # {trace_id="abc",span_id="1"} 0.25 ${at}.125
# TYPE lat_seconds histogram
# UNIT lat_seconds seconds
lat_seconds_bucket{le="0.5"} 1 # {trace_id="def"} 0.4
lat_seconds_bucket{le="+Inf"} 2
lat_seconds_sum 3
lat_seconds_count 2
# EOF
`.replace("# UNIT req\n", "");
    const { pharos } = await scraping(t, (_, reply) => reply.writeHead(200, { "Content-Type": OPENMETRICS }).end(body));
    await becomes(pharos, "req_total", "5");
    const range = { start: at - 60, end: at + 60 };
    const [status, { data }] = await pharos.get("/api/v1/query_exemplars", { query: "rate(req_total[1m])", ...range });
    assert.equal(status, 200);
    const [{ seriesLabels, exemplars }] = data;
    assert.equal(data.length, 1);
    assert.deepEqual([seriesLabels.__name__, seriesLabels.path, seriesLabels.job], ["req_total", "/", "j"]);
    assert.deepEqual(exemplars, [{ labels: { trace_id: "abc", span_id: "1" }, value: "0.25", timestamp: at + 0.125 }]);
    const [, buckets] = await pharos.get("/api/v1/query_exemplars", { query: "lat_seconds_bucket", ...range });
    assert.equal(buckets.data.length, 1);
    assert.deepEqual(buckets.data[0].exemplars[0].labels, { trace_id: "def" });
    assert.equal(buckets.data[0].seriesLabels.le, "0.5");
    const [, none] = await pharos.get("/api/v1/query_exemplars", { query: "req_total", start: at - 120, end: at - 60 });
    assert.deepEqual(none.data, []);
  });

  test("OpenMetrics without its end is refused", async (t) => {
    const { pharos } = await scraping(t, (_, reply) => reply.writeHead(200, { "Content-Type": OPENMETRICS }).end("# TYPE a gauge\na 1\n"));
    assert.match((await healthOf(pharos, "down")).lastError, /EOF/);
    assert.deepEqual(await pharos.query("a"), {});
  });

  test("native histograms over protobuf", async (t) => {
    // Schema 0: buckets (1, 2] with 3, (2, 4] with 5 and, after a gap, (8, 16] with 2; one zero.
    const family = histogramFamily("lat_seconds", "Latency.", [["path", "/"]], {
      count: 11, sum: 55.5, schema: 0, zeroThreshold: 0.001, zeroCount: 1, spans: [[1, 2], [1, 1]], deltas: [3, 2, -3],
    });
    const { pharos, server } = await scraping(t, (_, reply) => reply.writeHead(200, { "Content-Type": PROTOBUF }).end(family), { scrape_native_histograms: true });
    await becomes(pharos, "histogram_count(lat_seconds)", "11");
    assert.match(server.requests[0].headers.accept, /^application\/vnd\.google\.protobuf;proto=io\.prometheus\.client\.MetricFamily;encoding=delimited/);
    assert.equal(await value(pharos, "histogram_sum(lat_seconds)"), "55.5");
    assert.equal(await value(pharos, "histogram_fraction(2, 4, lat_seconds) * 11"), "5");
    const [, { data }] = await pharos.get("/api/v1/query", { query: "lat_seconds" });
    const [{ metric: labels, histogram }] = data.result;
    assert.equal(labels.path, "/");
    assert.deepEqual(histogram[1], {
      count: "11", sum: "55.5",
      buckets: [[3, "-0.001", "0.001", "1"], [0, "1", "2", "3"], [0, "2", "4", "5"], [0, "8", "16", "2"]],
    });
    const [, metadata] = await pharos.get("/api/v1/metadata", { metric: "lat_seconds" });
    assert.deepEqual(metadata.data, { lat_seconds: [{ type: "histogram", help: "Latency.", unit: "" }] });
  });

  test("a protobuf body cut off is refused", async (t) => {
    const family = histogramFamily("h", "", [], { count: 1, sum: 1, schema: 0, zeroThreshold: 0.001, zeroCount: 0, spans: [[1, 1]], deltas: [1] });
    const { pharos } = await scraping(t, (_, reply) => reply.writeHead(200, { "Content-Type": PROTOBUF }).end(Buffer.concat([family, family.subarray(0, 20)])), { scrape_native_histograms: true });
    await healthOf(pharos, "down");
    assert.deepEqual(await pharos.query("h"), {});
  });

  test("basic auth and bearer tokens, from files that may change", async (t) => {
    const guarded = (want) => target(t, (request, reply) => {
      if (request.headers.authorization === want()) reply.writeHead(200, { "Content-Type": TEXT }).end("a 1\n");
      else reply.writeHead(401).end();
    });
    let token = "one";
    const basic = await guarded(() => `Basic ${Buffer.from("user:pass word").toString("base64")}`);
    const bearer = await guarded(() => `Bearer ${token}`);
    const dir = folder(t);
    file(dir, "token", "one\n");
    const pharos = await Pharos.start(t, {
      dir,
      config: config(
        { job_name: "basic", basic_auth: { username: "user", password: "pass word" }, ...of(basic.address) },
        { job_name: "bearer", authorization: { credentials_file: "token" }, ...of(bearer.address) },
        { job_name: "old", bearer_token_file: "token", ...of(bearer.address) },
        { job_name: "none", ...of(basic.address) },
      ),
    });
    for (const job of ["basic", "bearer", "old"]) await healthOf(pharos, "up", job);
    assert.match((await healthOf(pharos, "down", "none")).lastError, /server returned HTTP status 401 Unauthorized/);
    token = "two";
    await healthOf(pharos, "down", "bearer");
    file(dir, "token", "two");
    await healthOf(pharos, "up", "bearer");
    // Nobody is shown what is secret.
    const shown = await Promise.all(["/api/v1/status/config", "/api/v1/targets", "/api/v1/scrape_pools/config?scrapePool=basic"].map(async (p) => (await fetch(pharos.url + p)).text()));
    assert.ok(shown.every((s) => !s.includes("pass word")), "the password is shown");
    assert.match(shown[0], /<secret>/);
  });

  test("a target added to a file appears without a reload, and one that goes ends", async (t) => {
    const [one, two] = [await target(t, "a 1\n"), await target(t, "a 1\n")];
    const dir = folder(t);
    const groups = (...servers) => JSON.stringify(servers.map((s, i) => ({ targets: [s.address], labels: { n: String(i) } })));
    file(dir, "targets.json", groups(one));
    const pharos = await Pharos.start(t, { dir, config: config({ file_sd_configs: [{ files: ["*.json"] }] }) });
    await becomes(pharos, "count(a)", "1");
    // Replaced as programs do it, by renaming.
    renameSync(file(dir, "targets.tmp", groups(one, two)), join(dir, "targets.json"));
    await becomes(pharos, "count(a)", "2");
    const second = (await active(pharos)).find((x) => x.scrapeUrl.includes(two.address));
    assert.equal(second.labels.n, "1");
    assert.equal(second.discoveredLabels.__meta_filepath, join(dir, "targets.json"));
    // A bad file changes nothing.
    file(dir, "targets.json", "[{");
    await until(async () => /targets\.json/.test(pharos.output), "a word about the bad file");
    assert.equal((await active(pharos)).length, 2);
    // Another file, and the first with one target less.
    file(dir, "more.json", groups(two));
    file(dir, "targets.json", groups());
    await until(async () => (await active(pharos)).length === 1, "one target");
    await until(async () => Object.keys(await pharos.query("a")).length === 1, "the series of the other to end");
    assert.deepEqual(await pharos.query("a"), { [`a{instance="${two.address}",job="j",n="0"}`]: "1" });
    assert.deepEqual(Object.keys(await pharos.query("up")), [`up{instance="${two.address}",job="j",n="0"}`]);
    assert.equal(readFileSync(join(dir, "targets.json"), "utf8"), "[]");
  });

  test("targets from HTTP", async (t) => {
    const [one, two] = [await target(t, "a 1\n"), await target(t, "a 1\n")];
    const answer = { status: 200, targets: [one.address] };
    const list = await target(t, (_, reply) => reply.writeHead(answer.status, { "Content-Type": "application/json" })
      .end(JSON.stringify([{ targets: answer.targets, labels: { from: "http" } }])));
    const url = `http://${list.address}/list`;
    const pharos = await Pharos.start(t, { config: config({ http_sd_configs: [{ url, refresh_interval: "1s" }] }) });
    await becomes(pharos, 'count(a{from="http"})', "1");
    assert.equal(list.requests[0].url, "/list");
    assert.match(list.requests[0].headers["x-prometheus-refresh-interval-seconds"], /^1/);
    assert.equal((await active(pharos))[0].discoveredLabels.__meta_url, url);
    answer.targets = [one.address, two.address];
    await becomes(pharos, "count(a)", "2");
    // A list that cannot be had leaves what there was.
    answer.status = 500;
    const asked = list.requests.length;
    await until(() => list.requests.length >= asked + 3, "three more requests");
    assert.equal((await active(pharos)).length, 2);
    answer.status = 200;
    answer.targets = [two.address];
    await until(async () => (await active(pharos)).length === 1, "one target");
  });

  test("metadata", async (t) => {
    const body = '# HELP a_total All of \\\\ them.\\n Really.\n# TYPE a_total counter\na_total 1\n# TYPE b gauge\nb 1\n# HELP c Only help.\nc 1\n';
    const { pharos, server } = await scraping(t, body);
    await becomes(pharos, "a_total", "1");
    const [, { data }] = await pharos.get("/api/v1/metadata");
    assert.deepEqual(data.a_total, [{ type: "counter", help: "All of \\ them.\n Really.", unit: "" }]);
    assert.deepEqual(data.b, [{ type: "gauge", help: "", unit: "" }]);
    assert.deepEqual(data.c, [{ type: "unknown", help: "Only help.", unit: "" }]);
    const [, one] = await pharos.get("/api/v1/targets/metadata", { metric: "a_total", match_target: '{job="j"}' });
    assert.deepEqual(one.data, [{ target: { instance: server.address, job: "j" }, type: "counter", help: "All of \\ them.\n Really.", unit: "" }]);
    const [, all] = await pharos.get("/api/v1/targets/metadata");
    assert.deepEqual(all.data.map((m) => m.metric).sort(), ["a_total", "b", "c"]);
    assert.deepEqual(Object.keys((await pharos.get("/api/v1/metadata", { limit: 1 }))[1].data).length, 1);
    const [, none] = await pharos.get("/api/v1/targets/metadata", { match_target: '{job="other"}' });
    assert.deepEqual(none.data ?? [], []);
  });
});
