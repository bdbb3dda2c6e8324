// Beside a real Prometheus: it scrapes a real node_exporter and writes on to Pharos; both are asked the same.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Pharos, Process, file, folder, freePort, getJson, query_, until } from "./lib.mjs";

const QUERIES = [
  "node_load1",
  "rate(node_cpu_seconds_total[10s])",
  "sum by (mode) (rate(node_cpu_seconds_total[10s]))",
  "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
  "topk(3, node_filesystem_avail_bytes)",
  "count by (__name__) ({job='node'})",
  "avg_over_time(up[10s])",
  "increase(node_context_switches_total[10s])",
  "histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[10s])))",
  "label_replace(node_uname_info, 'os', '$1', 'sysname', '(.).*')",
  "max_over_time(node_load1[20s:1s])",
  "absent(nothing)",
  "node_load1 > bool 0 and on (instance) up == 1",
];

test("a Prometheus writes on to Pharos, and both answer the same", async (t) => {
  const dir = folder(t);
  const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
  const nodePort = await freePort();
  const node = new Process(t, "prometheus-node-exporter", [`--web.listen-address=127.0.0.1:${nodePort}`]);
  await node.ready(`http://127.0.0.1:${nodePort}/metrics`);
  const port = await freePort();
  const config = file(dir, "prometheus.yml", `
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: node, static_configs: [{targets: ["127.0.0.1:${nodePort}"]}]}
  - {job_name: prometheus, static_configs: [{targets: ["127.0.0.1:${port}"]}]}
remote_write: [{url: "${pharos.url}/api/v1/write", send_exemplars: true, queue_config: {batch_send_deadline: 200ms}}]
`);
  const prometheus = new Process(t, "prometheus", [
    `--config.file=${config}`, `--storage.tsdb.path=${join(dir, "data")}`, `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const reference = `http://127.0.0.1:${port}`;
  await prometheus.ready(`${reference}/-/ready`);
  await until(async () => Object.values(await query_(pharos.url, "count_over_time(up{job='node'}[5m]) >= 15")).length, "15 scrapes", 60);
  const end = Math.floor(Date.now() / 1000) - 3;
  const times = { start: end - 8, end, step: 1 };
  for (const query of QUERIES) {
    const [ours, theirs] = await Promise.all(
      [pharos.url, reference].map(async (url) => {
        const [status, body] = await getJson(url, "/api/v1/query_range", { query, ...times });
        assert.equal(status, 200, JSON.stringify(body));
        return Object.fromEntries(body.data.result.map((s) => [JSON.stringify(Object.entries(s.metric).sort()), s.values]));
      }),
    );
    assert.ok(Object.keys(theirs).length > 0, `${query}: the reference has nothing to compare with`);
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort(), query);
    for (const [series, values] of Object.entries(theirs)) {
      assert.deepEqual(ours[series].map(([at]) => at), values.map(([at]) => at), `${query} ${series}`);
      values.forEach(([, value], i) => {
        const [a, b] = [Number(ours[series][i][1]), Number(value)];
        const near = a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) || (isNaN(a) && isNaN(b));
        assert.ok(near, `${query} ${series}: ${a} is not ${b}`);
      });
    }
  }
});

test("Pharos scrapes a real node_exporter and writes on to a Prometheus", async (t) => {
  const dir = folder(t);
  const nodePort = await freePort();
  const node = new Process(t, "prometheus-node-exporter", [`--web.listen-address=127.0.0.1:${nodePort}`]);
  await node.ready(`http://127.0.0.1:${nodePort}/metrics`);
  const port = await freePort();
  const prometheus = new Process(t, "prometheus", [
    `--config.file=${file(dir, "prometheus.yml", "scrape_configs: []\n")}`, `--storage.tsdb.path=${join(dir, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`, "--web.enable-remote-write-receiver",
  ]);
  const reference = `http://127.0.0.1:${port}`;
  await prometheus.ready(`${reference}/-/ready`);
  const pharos = await Pharos.start(t, {
    config: `
global: {scrape_interval: 1s, scrape_timeout: 1s, external_labels: {cluster: a}}
scrape_configs: [{job_name: node, static_configs: [{targets: ["127.0.0.1:${nodePort}"]}]}]
remote_write: [{url: "${reference}/api/v1/write", queue_config: {batch_send_deadline: 200ms}}]
`,
  });
  await until(async () => Object.values(await query_(reference, "node_load1{cluster='a'}")).length, "a sample at the other end", 60);
  const [here, there] = await Promise.all([
    pharos.query("count({job='node'})"),
    until(async () => query_(reference, "count({job='node'})"), "a count"),
  ]);
  assert.ok(Number(here["{}"]) > 300, JSON.stringify(here));
  assert.equal(here["{}"], there["{}"]);
});
