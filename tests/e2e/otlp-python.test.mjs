// Python services with OpenTelemetry's own SDK and instrumentation; and the files opened by others.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Pharos, file, folder, freePort, until } from "./lib.mjs";
import { log, logsOf, send, span, spansOf } from "./otlp.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const made = spawnSync(here("../../tools/python-env"), [here("python/requirements.txt")], { encoding: "utf8" });
assert.equal(made.status, 0, made.stderr);
const python = made.stdout.trim();

/** Runs a Python program; gives what it printed. */
function run(args) {
  const done = spawnSync(python, args, { encoding: "utf8", timeout: 120_000 });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.trim();
}

for (const protocol of ["http", "grpc"]) {
  test(`FastAPI, Django and SQLAlchemy over ${protocol}`, async (t) => {
    const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
    const trace = run([here("python/shop.py"), protocol, pharos.url]);
    const [status, body] = await pharos.get(`/api/pharos/traces/${trace}`);
    assert.equal(status, 200, JSON.stringify(body));
    const names = body.spans.map((one) => one.name);
    assert.ok(names.includes("GET /buy/{item}"), names.join());
    assert.ok(names.some((name) => name.includes("charge")), names.join());
    assert.ok(body.spans.some((one) => one.attributes["db.system"] === "sqlite" || one.attributes["db.system.name"] === "sqlite"), names.join());
    const [, lines] = await pharos.get("/api/pharos/search", { kind: "log", q: `trace_id:${trace}` });
    assert.deepEqual(lines.events.map((one) => one.body).sort(), ["charging 2 cents", "sold item 2"]);
    assert.ok(lines.events.every((one) => one.release === "3.1.4" && one.span_id));
    const [, errors] = await pharos.get("/api/pharos/search", { kind: "error", q: "service:python-shop" });
    assert.ok(errors.events.some((one) => one.event_name === "RuntimeError" && one.body === "out of stock"), JSON.stringify(errors.events));
    assert.deepEqual(Object.values(await pharos.query('orders_total{item_kind="book"}')), ["1"]);
    await until(async () => Object.keys(await pharos.query('traces_span_metrics_calls_total{service_name="python-shop", status_code="STATUS_CODE_ERROR"}')).length > 0, "derived metrics");
  });
}

test("DuckDB, pandas and pyarrow open the files as they are", async (t) => {
  const dir = folder(t);
  const pharos = await Pharos.start(t, { dir, port: await freePort(), config: "scrape_configs: []\n" });
  const spans = Array.from({ length: 50 }, (_, i) => span({ name: `op ${i % 5}`, attrs: { "http.route": "/cart", n: i } }));
  assert.equal((await send(pharos.url, "/v1/traces", spansOf("shop", spans))).status, 200);
  assert.equal((await send(pharos.url, "/v1/logs", logsOf("shop", [log({ body: "a line" })]))).status, 200);
  await pharos.stop();
  const program = `
import duckdb, glob, pandas, sys
files = glob.glob(sys.argv[1] + "/**/*.parquet", recursive=True)
spans = [f for f in files if "/spans/" in f]
found = duckdb.sql(f"""SELECT count(*), sum(n), count(DISTINCT name), min(duration) FROM read_parquet({spans}, union_by_name = true) WHERE service = 'shop' AND "http.route" = '/cart'""").fetchall()[0]
frame = pandas.concat(pandas.read_parquet(f) for f in spans)
frame = frame[frame["service"] == "shop"]
print(found[0], int(found[1]), found[2], found[3], len(frame), frame["trace_id"].map(len).unique().tolist(), frame["time"].dt.tz)
`;
  const said = run([file(dir, "read.py", program), `${dir}/data/events/files`]);
  assert.equal(said, "50 1225 5 5000000 50 [16] UTC");
});
