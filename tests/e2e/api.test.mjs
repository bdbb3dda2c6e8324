// The HTTP API against Prometheus's own description of it, when that stands beside the checkout; and its errors.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { request } from "node:http";
import { before, test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import YAML from "yaml";
import { Pharos, getJson, until } from "./lib.mjs";

const DESCRIPTION = new URL("../../../shared/conformance/prometheus-api/openapi_3.1_golden.yaml", import.meta.url);

let pharos;
before(async (t) => {
  pharos = await Pharos.start(t, {});
  await until(async () => Object.keys(await pharos.query("count_over_time(up[5m]) > 0")).length > 0, "a scrape");
});

/** What each path is asked. A path that is not here is asked without parameters. */
const nowS = () => Date.now() / 1000;
const QUESTIONS = {
  "/query": [{ query: "up" }, { query: "1" }, { query: "up[5m]" }, { query: "up", stats: "all", limit: 1 }],
  "/query_range": [{ query: "up", start: nowS() - 60, end: nowS(), step: 15 }],
  "/query_exemplars": [{ query: "up", start: nowS() - 60, end: nowS() }],
  "/format_query": [{ query: "sum(up)by(job)" }],
  "/parse_query": [{ query: "sum by (job) (rate(up[5m] offset 1m)) > bool 1" }],
  "/label/{name}/values": [{}],
  "/series": [{ "match[]": "up" }],
  "/labels": [{}, { "match[]": "up", limit: 1 }],
  "/metadata": [{}, { limit: 1 }, { metric: "up" }],
  "/search/metric_names": [{ "search[]": "up", include_metadata: "true" }],
  "/search/label_names": [{}],
  "/search/label_values": [{ label: "job" }],
  "/targets": [{}, { state: "active" }, { state: "dropped" }],
  "/targets/metadata": [{}, { match_target: '{job="pharos"}', limit: 1 }],
  "/targets/relabel_steps": [{ scrapePool: "pharos", labels: '{"__address__":"a:1"}' }],
  "/scrape_pools/config": [{ scrapePool: "pharos" }],
  "/rules": [{}, { type: "alert" }],
};

test("every path answers as it is described", { skip: !existsSync(DESCRIPTION) && "no description beside the checkout" }, async () => {
  const spec = YAML.parse(readFileSync(DESCRIPTION, "utf8"));
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats(ajv);
  ajv.addFormat("unixtime", true);
  ajv.addSchema({ ...spec, $id: "spec" });
  const asked = [];
  for (const [path, methods] of Object.entries(spec.paths)) {
    if (!methods.get || path === "/notifications/live") continue;
    for (const question of QUESTIONS[path] ?? [{}]) {
      const [status, body] = path.startsWith("/search/")
        ? await lines(path, question)
        : await pharos.get(`/api/v1${path.replace("{name}", "job")}`, question);
      assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
      const schema = methods.get.responses["200"].content?.["application/json"]?.schema?.$ref;
      if (schema) {
        const valid = ajv.getSchema(`spec${schema}`);
        assert.ok(valid(body), `${path} ${JSON.stringify(question)}: ${ajv.errorsText(valid.errors)}\n${JSON.stringify(body).slice(0, 2000)}`);
      }
      asked.push(path);
    }
  }
  assert.ok(asked.length > 25, `${asked.length} paths asked`);
});

async function lines(path, question) {
  const reply = await fetch(`${pharos.url}/api/v1${path}?${new URLSearchParams(question)}`);
  const all = (await reply.text()).trim().split("\n").map((l) => JSON.parse(l));
  assert.equal(all.at(-1).status, "success");
  return [reply.status, all];
}

test("errors have the type and code of the original", async () => {
  const check = async (path, params, status, type, words) => {
    const [got, body] = await pharos.get(path, params);
    assert.deepEqual([got, body.status, body.errorType], [status, "error", type], `${path}: ${JSON.stringify(body)}`);
    assert.match(body.error, words);
  };
  const range = { query: "up", start: 0, end: 100, step: 1 };
  await check("/api/v1/query", { query: "up{" }, 400, "bad_data", /parse error/);
  await check("/api/v1/query", {}, 400, "bad_data", /./);
  await check("/api/v1/query", { query: "up", time: "soon" }, 400, "bad_data", /invalid parameter "time": cannot parse "soon" to a valid timestamp/);
  await check("/api/v1/query", { query: "label_replace(up, '', '', '', '(')" }, 422, "execution", /./);
  await check("/api/v1/query_range", { ...range, step: 0 }, 400, "bad_data", /zero or negative query resolution step widths/);
  await check("/api/v1/query_range", { ...range, end: -1 }, 400, "bad_data", /end timestamp must not be before start time/);
  await check("/api/v1/query_range", { ...range, end: 20_000 }, 400, "bad_data", /exceeded maximum resolution of 11,000 points per timeseries/);
  await check("/api/v1/series", {}, 400, "bad_data", /no match\[\] parameter provided/);
  await check("/api/v1/series", { "match[]": "{}" }, 400, "bad_data", /non-empty matcher/);
  await check("/api/v1/labels", { limit: -1 }, 400, "bad_data", /limit must be non-negative/);
  await check("/api/v1/query", { query: "up", timeout: "x" }, 400, "bad_data", /./);
});

test("a syntax error names line and column", async () => {
  const [, body] = await pharos.get("/api/v1/query", { query: "sum(\n  up}" });
  assert.match(body.error, /2:5: parse error/);
});

test("a form is read as a query string is", async () => {
  const reply = await fetch(`${pharos.url}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query: "1 + 1" }) });
  assert.equal((await reply.json()).data.result[1], "2");
});

test("answers are compressed when asked", async () => {
  const reply = await new Promise((resolve, reject) => {
    const options = { headers: { "Accept-Encoding": "gzip" } };
    request(`${pharos.url}/api/v1/label/__name__/values`, options, (r) => {
      const parts = [];
      r.on("data", (p) => parts.push(p)).on("end", () => resolve({ headers: r.headers, body: Buffer.concat(parts) }));
    }).on("error", reject).end();
  });
  assert.equal(reply.headers["content-encoding"], "gzip");
  assert.equal(JSON.parse(gunzipSync(reply.body)).status, "success");
});

test("deleting removes, and only what matches", async () => {
  const [, before] = await getJson(pharos.url, "/api/v1/series", { "match[]": "scrape_duration_seconds" });
  assert.equal(before.data.length, 1);
  const url = `${pharos.url}/api/v1/admin/tsdb/delete_series?match[]=scrape_samples_scraped`;
  assert.equal((await fetch(url, { method: "POST" })).status, 204);
  const at = nowS() - 5;
  assert.deepEqual(await pharos.query("count_over_time(scrape_samples_scraped[1h])", { time: at }), {});
});

test("a snapshot has a name", async () => {
  const reply = await fetch(`${pharos.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
  assert.match((await reply.json()).data.name, /./);
});

test("federation gives the latest samples as text", async () => {
  const reply = await fetch(`${pharos.url}/federate?match[]=up`);
  assert.match(reply.headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
  assert.match(await reply.text(), /^# TYPE up untyped\nup\{.*\} 1 \d+$/m);
});
