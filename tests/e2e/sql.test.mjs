// Answers of SQL as a real reader of each format reads them: the same values from JSON, Arrow and CSV.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Pharos } from "./lib.mjs";
import { nowNs, send, span, spanId, spansOf, traceId } from "./otlp.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const made = spawnSync(here("../../tools/python-env"), [here("python/requirements.txt")], { encoding: "utf8" });
assert.equal(made.status, 0, made.stderr);
const python = made.stdout.trim();

/** What the Python readers say of a statement's three answers. */
function compare(url, statement, limit = 10_000) {
  const done = spawnSync(python, [here("python/sql.py"), url, statement, String(limit)], { encoding: "utf8", timeout: 120_000 });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

async function sent(t) {
  const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
  const spans = Array.from({ length: 20_000 }, (_, i) =>
    span({
      name: ["plain", 'with "quotes", commas', "two\nlines", "ünïcödé 🚢", ""][i % 5],
      start: nowNs() - BigInt(i) * 1_000_003n,
      ms: i / 7,
      attrs: { n: i * 1_000_003 - 5e9, ratio: i / 3 + 0.25, vip: i % 2 === 0, list: [1, i], ...(i % 3 === 0 && { sometimes: `value ${i}` }) },
      ...(i % 10 === 0 && { events: [{ timeUnixNano: String(nowNs()), name: "e" }], links: [{ traceId: traceId(), spanId: spanId() }] }),
    }),
  );
  for (let i = 0; i < spans.length; i += 5_000) assert.equal((await send(pharos.url, "/v1/traces", spansOf("types", spans.slice(i, i + 5_000)))).status, 200);
  return pharos;
}

test("all columns of spans are the same in JSON, Arrow and CSV, over many batches", async (t) => {
  const pharos = await sent(t);
  // By name: Pharos's own spans may bring new columns between two answers.
  const [, { columns }] = await pharos.get("/api/pharos/sql", { query: "SELECT * FROM spans LIMIT 1" });
  const all = columns.map(({ name }) => `"${name}"`).join(", ");
  const said = compare(pharos.url, `SELECT ${all} FROM spans WHERE service = 'types' ORDER BY time, span_id`, 20_000);
  assert.deepEqual([said.rows, said.truncated], [20_000, false]);
  const types = { time: "timestamptz", duration: "bigint", trace_id: "text", span_id: "text", parent_span_id: "text", n: "bigint", ratio: "double precision", vip: "boolean", sometimes: "text", flags: "bigint" };
  for (const [name, type] of Object.entries(types)) assert.equal(said.types[name], type, name);
  const cut = compare(pharos.url, "SELECT time, name FROM spans WHERE service = 'types' ORDER BY time", 9_999);
  assert.deepEqual([cut.rows, cut.truncated], [9_999, true]);
});

test("values that formats write differently are read the same", async (t) => {
  const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
  const { types, rows } = compare(
    pharos.url,
    `SELECT * FROM (VALUES
      (1, 9223372036854775807, 0.1, 1e300, 'NaN'::double precision, true, 'a', timestamp '1969-12-31 23:59:59.000000001', date '2024-02-29', 1.50::numeric(10, 2)),
      (2, -9223372036854775807, -0.0, 5e-324, 'inf'::double precision, false, 'say "it"', timestamp '2262-04-11 23:47:16.854775807', date '1970-01-01', -0.01::numeric(10, 2)),
      (3, 0, 1.7976931348623157e308, 123456789012345680.0, '-inf'::double precision, NULL, E'line\\nline', NULL, NULL, NULL)
    ) AS t (i, big, small, wide, odd, yes, text, time, day, money) ORDER BY i`,
  );
  assert.equal(rows, 3);
  assert.deepEqual(types, { i: "bigint", big: "bigint", small: "double precision", wide: "double precision", odd: "double precision", yes: "boolean", text: "text", time: "timestamp", day: "date", money: "numeric" });
  const metrics = compare(pharos.url, "SELECT * FROM metrics('vector(1) or vector(0) / 0', 0, 60, 30)");
  assert.deepEqual([metrics.rows, metrics.types.time, metrics.types.value], [3, "timestamptz", "double precision"]);
  assert.equal(compare(pharos.url, "SELECT time, service FROM logs WHERE service = 'nobody'").rows, 0);
});
