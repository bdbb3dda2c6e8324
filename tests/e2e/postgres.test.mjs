// PostgreSQL's protocol by those who speak it: psql, Node's pg, Python's psycopg and SQLAlchemy, and what tools ask.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import Cursor from "pg-cursor";
import { Pharos, freePort } from "./lib.mjs";
import { log, logsOf, nowNs, send, span, spansOf } from "./otlp.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
let pharos;
let port;
const begun = nowNs() - 3_600_000_000_000n;

before(async (t) => {
  port = await freePort();
  pharos = await Pharos.start(t, { config: "scrape_configs: []\n", args: ["--postgres", `127.0.0.1:${port}`] });
  const spans = Array.from({ length: 3_000 }, (_, i) =>
    span({
      trace: "0af7651916cd43dd8448eb211c80319c", name: `op ${i % 7}`, start: begun + BigInt(i) * 1_000_001n, ms: i % 100,
      attrs: { "http.route": "/cart", n: i, ratio: i + 0.5, vip: i % 2 === 0, ...(i % 3 === 0 && { note: `it's "${i}"` }) },
    }),
  );
  assert.equal((await send(pharos.url, "/v1/traces", spansOf("shop", spans))).status, 200);
  assert.equal((await send(pharos.url, "/v1/logs", logsOf("shop", [log({ body: "a line", attrs: { user: 7 } })]))).status, 200);
});

/** What psql prints of statements, unaligned, without headers. */
function psql(...commands) {
  const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", String(port), "-U", "ann", "-d", "pharos"];
  const done = spawnSync("psql", [...args, ...commands.flatMap((one) => ["-c", one])], { encoding: "utf8", timeout: 60_000, env: { ...process.env, PGCONNECT_TIMEOUT: "10" } });
  return { code: done.status, out: done.stdout.trim(), err: done.stderr.trim() };
}

function says(...commands) {
  const { code, out, err } = psql(...commands);
  assert.equal(code, 0, `${commands.join("; ")}\n${err}`);
  return out;
}

test("psql describes what there is", () => {
  const tables = ["errors", "logs", "spans"].map((name) => `public|${name}|table`);
  for (const command of ["\\d", "\\dt"]) {
    const lines = says(command).split("\n").map((line) => line.split("|").slice(0, 3).join("|"));
    assert.deepEqual(lines, tables, command);
  }
  const columns = says("\\d spans").split("\n").map((line) => line.split("|"));
  const types = Object.fromEntries(columns);
  assert.equal(types.time, "timestamp with time zone");
  assert.deepEqual([types.duration, types.service, types.vip, types.ratio], ["bigint", "text", "boolean", "double precision"]);
  assert.ok(columns.some(([name]) => name === "http.route"));
  assert.match(says("\\l"), /^pharos\|/m);
  assert.match(says("\\dn"), /^public\|/m);
  for (const command of ["\\d+ logs", "\\dt+", "\\dn+", "\\l+", "\\dv", "\\di", "\\ds", "\\du", "\\df", "\\dT", "\\dx", "\\dp", "\\do", "\\conninfo", "\\encoding"]) says(command);
});

test("psql runs statements, several at once, prepared, in transactions, with cursors", () => {
  assert.equal(says("SELECT count(*) FROM spans WHERE service = 'shop'"), "3000");
  assert.equal(says("SELECT 1; SELECT 'two'"), "1\ntwo");
  assert.equal(says("SELECT note FROM spans WHERE n = 6"), "it's \"6\"");
  assert.equal(says("SELECT time, vip, ratio, note FROM spans WHERE n = 1"), `${rfc(begun + 1_000_001n)}|f|1.5|`);
  assert.equal(says("PREPARE one (bigint) AS SELECT name FROM spans WHERE n = $1", "EXECUTE one(9)", "EXECUTE one(3 + 5)", "DEALLOCATE one"), "op 2\nop 1");
  assert.equal(says("BEGIN", "DECLARE c CURSOR FOR SELECT n FROM spans WHERE service = 'shop' ORDER BY n", "FETCH 2 FROM c", "FETCH 1 FROM c", "CLOSE c", "COMMIT"), "0\n1\n2");
  assert.equal(says("BEGIN", "SAVEPOINT a", "SELECT 1", "ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a", "SELECT 2", "COMMIT"), "1\n2");
  assert.equal(says("SET timezone = 'Europe/Berlin'", "SHOW timezone", "SET search_path TO public, x", "SHOW server_version_num"), "Europe/Berlin\n160006");
  assert.match(says("EXPLAIN SELECT count(*) FROM spans"), /spans/);
});

/** A time as PostgreSQL prints it, to the microsecond. */
function rfc(ns) {
  const text = new Date(Number(ns / 1_000_000n)).toISOString();
  const micros = String((ns / 1_000n) % 1_000_000n).padStart(6, "0");
  return `${text.slice(0, 10)} ${text.slice(11, 19)}.${micros}+00`;
}

test("what would change anything is refused, and errors have PostgreSQL's codes", async (t) => {
  const client = await connect(t);
  for (const [statement, code] of [
    ["DROP TABLE spans", "25006"],
    ["INSERT INTO spans VALUES (1)", "25006"],
    ["DELETE FROM logs", "25006"],
    ["CREATE TABLE x AS SELECT 1", "25006"],
    ["SELECT 1 AS a INTO x", "25006"],
    ["COPY (SELECT 1) TO '/tmp/pharos-must-not-write.csv'", "25006"],
    ["EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/pharos-must-not-write.csv'", "25006"],
    ["PREPARE p AS DELETE FROM logs", "25006"],
    ["SELEC 1", "42601"],
    ["SELECT nope FROM spans", "42703"],
    ["SELECT * FROM nope", "42P01"],
    ["SELECT nope(1)", "42883"],
    ["SELECT 1 / 0", "22012"],
    ["SELECT 'x'::bigint", "22P02"],
    ["SHOW nope", "42704"],
    ["EXECUTE nope", "26000"],
    ["SET client_encoding = 'LATIN1'", "22023"],
  ]) {
    for (const ask of [() => client.query(statement), () => client.query({ text: statement, values: [], name: "" }), ...(/^(EXECUTE|SET)/.test(statement) ? [] : [() => client.query(statement.replace(/$/, " "), [])])]) {
      await assert.rejects(ask(), (error) => {
        assert.equal(error.code, code, `${statement}: ${error.message}`);
        return true;
      }, statement);
    }
  }
  // What one says to its session is not said to all.
  await client.query("SET datafusion.execution.batch_size = 1");
  await client.query("SET datafusion.optimizer.max_passes = 0");
  const other = await connect(t);
  assert.equal((await other.query("SELECT value FROM information_schema.df_settings WHERE name = 'datafusion.execution.batch_size'")).rows[0].value, "8192");
});

async function connect(t, options = {}) {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "ann", database: "pharos", ...options });
  await client.connect();
  t.after(() => client.end());
  return client;
}

test("Node's pg: parameters of every type, named statements, cursors, a pool", async (t) => {
  const client = await connect(t);
  const rows = async (...ask) => (await client.query(...ask)).rows;
  const since = new Date(Number(begun / 1_000_000n));
  assert.deepEqual(await rows("SELECT name, n, ratio, vip, note FROM spans WHERE n = $1", [3]), [{ name: "op 3", n: "3", ratio: 3.5, vip: false, note: `it's "3"` }]);
  assert.deepEqual(await rows("SELECT count(*)::int AS n FROM spans WHERE service = $1 AND vip = $2 AND ratio < $3", ["shop", true, 10.5]), [{ n: 5 }]);
  assert.deepEqual(await rows("SELECT count(*) AS n FROM spans WHERE time >= $1 AND time < $2 AND service = 'shop'", [since, new Date(since.getTime() + 1_000)]), [{ n: "1000" }]);
  assert.deepEqual(await rows("SELECT count(*) AS n FROM spans WHERE trace_id = $1", ["0af7651916cd43dd8448eb211c80319c"]), [{ n: "3000" }]);
  assert.deepEqual(await rows("SELECT n FROM spans WHERE service = 'shop' ORDER BY n LIMIT $1 OFFSET $2", [2, 5]), [{ n: "5" }, { n: "6" }]);
  assert.deepEqual(await rows("SELECT count(*) AS n FROM spans WHERE name = ANY($1)", [["op 1", "op 2"]]), [{ n: "858" }]);
  assert.deepEqual(await rows("SELECT $1::text AS t, $2::bigint AS i, $3::boolean AS b, $4::double precision AS d", ["x", 7, null, 1.5]), [{ t: "x", i: "7", b: null, d: 1.5 }]);
  const [{ time }] = await rows("SELECT time FROM spans WHERE n = 1000");
  assert.equal(time.getTime(), Number((begun + 1_000n * 1_000_001n) / 1_000_000n));
  for (let i = 0; i < 3; i++) assert.deepEqual(await rows({ name: "by n", text: "SELECT name FROM spans WHERE n = $1", values: [i] }), [{ name: `op ${i}` }]);
  const cursor = client.query(new Cursor("SELECT n FROM spans WHERE service = $1 ORDER BY n", ["shop"]));
  const read = [];
  for (let page = await cursor.read(700); page.length > 0; page = await cursor.read(700)) read.push(page.length);
  assert.deepEqual(read, [700, 700, 700, 700, 200]);
  await cursor.close();
  assert.deepEqual(await rows("SELECT 1 AS one"), [{ one: "1" }]);
  const pool = new pg.Pool({ host: "127.0.0.1", port, user: "ann", database: "pharos", max: 5 });
  t.after(() => pool.end());
  const counts = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.query("SELECT count(*) AS n FROM spans WHERE n < $1", [i])));
  assert.deepEqual(counts.map((answer) => answer.rows[0].n), Array.from({ length: 20 }, (_, i) => String(i)));
});

test("metrics are asked in the same place", async (t) => {
  const client = await connect(t);
  const { rows } = await client.query("SELECT value FROM metrics('vector(42)', now() - interval '1 minute', now(), interval '30 seconds')");
  assert.deepEqual([...new Set(rows.map((row) => row.value))], [42]);
});

test("psycopg and SQLAlchemy, in text and in binary", () => {
  const made = spawnSync(here("../../tools/python-env"), [here("python/requirements.txt")], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  const done = spawnSync(made.stdout.trim(), [here("python/postgres.py"), String(port)], { encoding: "utf8", timeout: 120_000 });
  assert.equal(done.status, 0, done.stderr);
});

test("what dashboards and other tools ask when they look around", async (t) => {
  const client = await connect(t);
  const rows = async (text) => (await client.query(text)).rows;
  const one = async (text) => Object.values((await rows(text))[0])[0];
  assert.equal(Number(await one("SELECT current_setting('server_version_num')::int / 100")), 1600);
  assert.match(await one("SELECT version()"), /^PostgreSQL 16/);
  assert.deepEqual(await rows("SELECT current_database() AS d, current_schema() AS s"), [{ d: "pharos", s: "public" }]);
  assert.equal(await one("SELECT pg_is_in_recovery()"), false);
  const schemas = (await rows("SELECT schema_name FROM information_schema.schemata ORDER BY 1")).map((row) => row.schema_name);
  assert.ok(schemas.includes("public"), schemas.join());
  const tables = await rows("SELECT quote_ident(table_name) AS t FROM information_schema.tables WHERE quote_ident(table_schema) = 'public' ORDER BY 1");
  assert.deepEqual(tables.map((row) => row.t), ["errors", "logs", "spans"]);
  const columns = await rows(`SELECT quote_ident(column_name) AS c, data_type AS t FROM information_schema.columns
    WHERE CASE WHEN array_length(parse_ident('public.spans'), 1) = 2
      THEN quote_ident(table_schema) = (parse_ident('public.spans'))[1] AND quote_ident(table_name) = (parse_ident('public.spans'))[2]
      ELSE quote_ident(table_name) = 'public.spans' AND quote_ident(table_schema) IN (
        SELECT trim(part[i]) FROM generate_series(1, array_upper(string_to_array(current_setting('search_path'), ','), 1)) AS i,
          string_to_array(current_setting('search_path'), ',') part) END`);
  assert.ok(columns.some((row) => row.c === '"http.route"' && row.t === "text"), JSON.stringify(columns));
  assert.deepEqual(await rows("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"), []);
  const relations = await rows(`SELECT n.nspname, c.relname, c.relkind, d.description, obj_description(c.oid, 'pg_class') AS o
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
    LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v') ORDER BY 2`);
  assert.deepEqual(relations.map((row) => [row.nspname, row.relname, row.relkind, row.description, row.o]), [["public", "errors", "r", null, null], ["public", "logs", "r", null, null], ["public", "spans", "r", null, null]]);
  const fields = await rows(`SELECT a.attname, a.attnum, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS type, col_description(c.oid, a.attnum) AS note
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON a.attrelid = c.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = 'spans' AND n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`);
  assert.deepEqual([fields[0].attname, fields[0].type, fields[0].note], ["time", "timestamp with time zone", null]);
  // Keys and indexes, in the ways of JDBC and of those who look into the standard's views: there are none.
  assert.deepEqual(await rows(`SELECT r.a AS "column", (r.k).n AS "position" FROM (SELECT a.attname AS a, information_schema._pg_expandarray(i.indkey) AS k
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid WHERE i.indisprimary) r`), []);
  assert.deepEqual(await rows("SELECT conname, attname FROM pg_constraint c JOIN pg_attribute a ON a.attnum = ANY(c.conkey) WHERE c.contype = 'f'"), []);
  const described = await rows(`SELECT c.column_name AS name, format('%s', c.udt_name) AS type, c.ordinal_position - 1 AS at, k.column_name IS NOT NULL AS key, c.is_identity
    FROM information_schema.columns c LEFT JOIN (SELECT u.table_name, u.column_name FROM information_schema.table_constraints t
      JOIN information_schema.key_column_usage u ON t.constraint_name = u.constraint_name WHERE t.constraint_type = 'PRIMARY KEY') k
    ON c.table_name = k.table_name AND c.column_name = k.column_name WHERE c.table_schema = 'public' AND c.table_name = 'spans' ORDER BY at LIMIT 2`);
  assert.deepEqual(described.map((row) => [row.name, row.type, Number(row.at), row.key, row.is_identity]), [["time", "timestamptz", 0, false, "NO"], ["duration", "int8", 1, false, "NO"]]);
  assert.equal(await one("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'max_index_keys'"), "32");
  assert.ok(!schemas.some((name) => name === "pg_information"), schemas.join());
  // Grouped by time, as graphs are drawn.
  const series = await rows(`SELECT date_trunc('minute', time) AS "time", service AS metric, count(*) AS value FROM spans WHERE service = 'shop'
    AND time BETWEEN to_timestamp(${Number(begun / 1_000_000_000n)}) AND now() GROUP BY 1, 2 ORDER BY 1`);
  assert.equal(series.reduce((sum, row) => sum + Number(row.value), 0), 3_000);
  const bins = await rows(`SELECT floor(extract(epoch FROM time) / 60) * 60 AS "time", avg(duration) AS value FROM spans WHERE service = 'shop' GROUP BY 1 ORDER BY 1`);
  assert.ok(bins.length >= 1);
});
