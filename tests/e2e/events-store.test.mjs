// The event store on bad days: torn and missing files, killed writes, a full disk, little memory, a small disk limit.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Pharos, flip, folder, metric, plain, smallDisk, until } from "./lib.mjs";
import { RESOURCE_EXHAUSTED, Template, UNAVAILABLE, UNIQUE, grpcSender, httpSender, protoLog, protoRequest, protoSpan, shopTemplates } from "./load.mjs";
import { log, logsOf, nowNs, send, span, spansOf } from "./otlp.mjs";

const CONFIG = "scrape_configs: []\n";
const start = (t, dir, options = {}) => Pharos.start(t, { dir, config: CONFIG, ...options });
const kill = (pharos) => pharos.stop("SIGKILL");
const detailed = async (pharos) => (await fetch(`${pharos.url}/health/detailed`)).json();
const MB = 1 << 20;

async function accepted(url, path, body) {
  const reply = await send(url, path, body);
  assert.deepEqual([reply.status, reply.text], [200, "{}"]);
}

/** The Parquet files of a kind, in the order in which they were written. */
function parquet(dir, kind) {
  const files = join(dir, "data/events/files/events", kind);
  return readdirSync(files).filter((name) => name.endsWith(".parquet")).sort().map((name) => join(files, name));
}

/** The segments of the log with records in them, oldest first. */
function segments(dir) {
  const wal = join(dir, "data/events/wal");
  return readdirSync(wal).filter((name) => name.endsWith(".wal")).sort().map((name) => join(wal, name)).filter((path) => statSync(path).size > 100);
}

/** How many bytes lie under a folder. */
function bytesUnder(dir) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Where the parts of a Parquet file begin and end. */
function anatomy(path) {
  const file = readFileSync(path);
  const footer = file.length - 8 - file.readUInt32LE(file.length - 8);
  const metadata = file.toString("latin1", footer);
  const index = (key) => {
    const [, offset, body, directory] = metadata.match(new RegExp(`${key}.{1,6}?\\d (\\d+) (\\d+) (\\d+)`, "s")).map(Number);
    return { body: [offset, offset + body], directory: [offset + body, offset + body + directory] };
  };
  const [tokens, traces, sums] = ["pharos.tokens", "pharos.traces", "pharos.sums"].map(index);
  return { length: file.length, pages: [4, tokens.body[0]], tokens, traces, sums, pageIndex: [sums.directory[1], footer], footer: [footer, file.length] };
}

const within = ([from, to], part) => Math.min(to - 1, Math.floor(from + (to - from) * part));

// ---- what is written and asked in the tests of damage --------------------------------------------------------------

const ROUNDS = 3;
const EACH = 300;
const bodyOf = (round, n) => `round${round} line ${n} word${n % 7}`;
const numberOf = (round, n) => round * 10_000 + n * 3;

/** A stopped store with a file of spans and one of log records for each round. Returns ids of traces by round. */
async function threeFiles(t, dir) {
  const traces = [];
  for (let round = 0; round < ROUNDS; round++) {
    const pharos = await start(t, dir);
    const time = (n) => nowNs() - BigInt(ROUNDS - round) * 60_000_000_000n + BigInt(n) * 1_000_000n;
    const root = span({ name: `round${round} root`, start: time(0), ms: 400, attrs: { n: numberOf(round, 0) } });
    const spans = Array.from({ length: EACH - 1 }, (_, n) => span({
      ...(n < 20 ? { parent: root } : {}), name: bodyOf(round, n + 1), start: time(n + 1), attrs: { n: numberOf(round, n + 1) },
    }));
    const lines = Array.from({ length: EACH }, (_, n) => log({ body: bodyOf(round, n), time: time(n), attrs: { n: numberOf(round, n) }, traceId: root.traceId, spanId: root.spanId }));
    await accepted(pharos.url, "/v1/traces", spansOf("shop", [root, ...spans]));
    await accepted(pharos.url, "/v1/logs", logsOf("shop", lines));
    traces.push(root.traceId);
    assert.deepEqual(await pharos.stop(), { code: 0, signal: null });
  }
  for (const kind of ["logs", "spans"]) assert.equal(parquet(dir, kind).length, ROUNDS, kind);
  return traces;
}

/** A question and how its answer is judged: `count` says how many of the rows that were written it knows of. */
const questions = (kind, text) => [
  ["search", { kind, q: "service:shop", limit: 1000 }, ({ events }) => {
    for (const event of events) {
      const [, round, n] = event[text].match(/^round(\d) (?:line (\d+)|root)/);
      if (n === undefined) continue;
      assert.equal(event[text], bodyOf(Number(round), Number(n)));
      assert.equal(event.attributes.n, numberOf(Number(round), Number(n)));
    }
    return new Set(events.map((event) => event[text])).size;
  }, ROUNDS * EACH],
  ["search", { kind, q: "service:shop word3", limit: 1000 }, ({ events }) => events.filter((event) => event[text].endsWith("word3")).length, null],
  ["search/histogram", { kind, q: "service:shop" }, ({ total }) => total, ROUNDS * EACH],
  ["search/group", { kind, q: "service:shop exists:n", by: "n", agg: "count", limit: 10_000 }, ({ rows }) => {
    for (const [n, count] of rows) assert.ok(Number(n) % 10_000 % 3 === 0 && count === 1, `${n}: ${count}`);
    return rows.length;
  }, null],
  ["search/top", { kind, q: "service:shop", field: kind === "log" ? "body" : "name", limit: 1 }, ({ total }) => total, ROUNDS * EACH],
];

/** What is asked of a store, damaged or not: which answers are complete, and whether those that are not say why. */
class Examination {
  constructor(pharos, traces, whole) {
    Object.assign(this, { pharos, traces, whole, complete: [], lacking: [] });
  }

  /** `known` rows of `all`; `said` is what the answer says beside them. */
  judge(what, known, all, said, file) {
    assert.ok(known <= all, `${what}: ${known} rows of ${all}`);
    if (known === all) return this.complete.push(what);
    this.lacking.push(what);
    assert.ok(said.includes(file), `${what}: ${known} of ${all} rows, and ${file} is not named: ${said.slice(0, 1000)}`);
  }

  async all(kind, file) {
    const { pharos } = this;
    const table = kind === "log" ? "logs" : "spans";
    for (const [path, params, count, all] of questions(kind, kind === "log" ? "body" : "name")) {
      // Twice: what was remembered of the first time must not make the second one silent.
      for (const time of [1, 2]) {
        const what = `${path} ${params.q} (${time})`;
        const [status, body] = await pharos.get(`/api/pharos/${path}`, params);
        assert.equal(status, 200, `${what}: ${JSON.stringify(body)}`);
        const known = count(body);
        this.whole[what] ??= all ?? known;
        assert.equal(body.stats.partial, body.stats.warnings.length > 0, what);
        this.judge(what, known, this.whole[what], body.stats.warnings.join(), file);
      }
    }
    const sql = `SELECT count(*), count(n), sum(n) FROM ${table} WHERE service = 'shop'`;
    const sum = Array.from({ length: ROUNDS * EACH }, (_, i) => numberOf(Math.floor(i / EACH), i % EACH)).reduce((a, b) => a + b);
    const [status, body] = await pharos.get("/api/pharos/sql", { query: sql });
    assert.equal(status, 200, JSON.stringify(body));
    const [[rows, , total]] = body.rows;
    this.judge(sql, total === sum ? rows : Math.min(rows, ROUNDS * EACH - 1), ROUNDS * EACH, (body.warnings ?? []).join(), file);
    const csv = await fetch(`${pharos.url}/api/pharos/sql?format=csv&query=${encodeURIComponent(sql)}`);
    const text = await csv.text();
    this.judge(`${sql} as CSV`, csv.status === 200 ? Number(text.split("\n")[1].split(",")[0]) : 0, ROUNDS * EACH, text, file);
    if (csv.status === 200) assert.equal(Number(text.split("\n")[1].split(",")[2]), sum);
    if (kind !== "span") return;
    for (const [round, id] of this.traces.entries()) {
      const [status, trace] = await pharos.get(`/api/pharos/traces/${id}`);
      const said = JSON.stringify(trace.error ?? trace.warnings);
      assert.ok([200, 500].includes(status), `trace ${round}: ${status} ${said}`);
      this.judge(`trace ${round}`, trace.spans?.length ?? 0, 21, said, file);
    }
  }
}

const KINDS = { logs: "log", spans: "span" };

test("Parquet files that are torn, flipped or gone: named, and the rest is served", async (t) => {
  const dir = folder(t);
  const traces = await threeFiles(t, dir);
  const whole = { log: {}, span: {} };
  {
    const pharos = await start(t, dir);
    for (const kind of ["log", "span"]) {
      const all = new Examination(pharos, traces, whole[kind]);
      await all.all(kind, "no file");
      assert.deepEqual(all.lacking, []);
    }
    assert.equal(await metric(pharos.url, "pharos_events_damage_total"), 0);
    await kill(pharos);
  }
  for (const [folderName, kind] of Object.entries(KINDS)) {
    // The first round's. The log holds what the server says of itself: it is sent as it came, and changes nothing here.
    const [hurt] = parquet(dir, folderName);
    const good = readFileSync(hurt);
    const { pages, tokens, traces: index, sums, pageIndex, footer, length } = anatomy(hurt);
    const flips = (range, ...parts) => parts.map((part, i) => [within(range, part), i]);
    const damages = [
      ["gone", () => rmSync(hurt), true],
      ["cut in the middle", () => truncateSync(hurt, Math.floor(length / 2)), true],
      ["cut by a byte", () => truncateSync(hurt, length - 1), true],
      ["empty", () => truncateSync(hurt, 0), true],
      ...flips(pages, 0.02, 0.2, 0.4, 0.6, 0.8, 0.97).map(([at, bit]) => [`flipped in a page at ${at}`, () => flip(hurt, at, bit)]),
      ...flips(tokens.body, 0.1, 0.9).map(([at, bit]) => [`flipped in a token filter at ${at}`, () => flip(hurt, at, bit), false, true]),
      ...flips(tokens.directory, 0.5).map(([at, bit]) => [`flipped in the list of token filters at ${at}`, () => flip(hurt, at, bit), false, true]),
      ...flips(index.body, 0.3).map(([at, bit]) => [`flipped in the trace index at ${at}`, () => flip(hurt, at, bit)]),
      ...flips(index.directory, 0.9).map(([at, bit]) => [`flipped in the list of the trace index at ${at}`, () => flip(hurt, at, bit), false, true]),
      ...flips(sums.body, 0.5).map(([at, bit]) => [`flipped in the checksums at ${at}`, () => flip(hurt, at, bit), false, true]),
      ...flips(pageIndex, 0.2, 0.5, 0.8).map(([at, bit]) => [`flipped in the page index at ${at}`, () => flip(hurt, at, bit), true]),
      ...flips(footer, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 1).map(([at, bit]) => [`flipped in the footer at ${at}`, () => flip(hurt, at, bit), true]),
    ];
    let effects = 0;
    for (const [what, harm, costsAll, isSaid] of damages) {
      harm();
      const pharos = await start(t, dir);
      const found = new Examination(pharos, traces, whole[kind]);
      try {
        await found.all(kind, basename(hurt));
        // Whatever happened to the one, the other kind is whole.
        const other = kind === "log" ? "span" : "log";
        const others = new Examination(pharos, traces, whole[other]);
        await others.all(other, "no file");
        assert.deepEqual(others.lacking, []);
        if (costsAll) assert.ok(found.lacking.length >= 8, `only ${found.lacking} lack something`);
        if (costsAll || isSaid || found.lacking.length > 0) {
          effects += 1;
          assert.ok((await metric(pharos.url, "pharos_events_damage_total")) >= 1, "not counted");
          assert.ok(plain(pharos.output).includes(basename(hurt)), `not in the log: ${plain(pharos.output)}`);
          const health = await detailed(pharos);
          assert.equal(health.status, "degraded", JSON.stringify(health));
          assert.ok(health.checks.event_store.damaged_files.join().includes(basename(hurt)), JSON.stringify(health));
        }
        // It goes on.
        await accepted(pharos.url, "/v1/logs", logsOf("after", [log({ body: `after ${kind} ${what}` })]));
        const [, after] = await pharos.get("/api/pharos/search", { kind: "log", q: `service:after "after ${kind} ${what}"` });
        assert.equal(after.events.length, 1);
      } catch (error) {
        error.message = `${folderName}, ${what}: ${error.message}`;
        throw error;
      }
      await kill(pharos);
      writeFileSync(hurt, good);
    }
    // What nobody asked for has none: columns, a part of the trace index.
    assert.ok(effects >= damages.length - 8, `only ${effects} of ${damages.length} damages had an effect`);
  }
  // Whole again, all is there.
  const pharos = await start(t, dir);
  for (const kind of ["log", "span"]) {
    const all = new Examination(pharos, traces, whole[kind]);
    await all.all(kind, "no file");
    assert.deepEqual(all.lacking, []);
  }
});

test("a file that is gone is told at the start, before anybody asks", async (t) => {
  const dir = folder(t);
  await threeFiles(t, dir);
  const [gone, cut] = parquet(dir, "logs");
  renameSync(gone, `${gone}.away`);
  truncateSync(cut, 1000);
  const pharos = await start(t, dir);
  await until(async () => (await metric(pharos.url, "pharos_events_damage_total")) === 2, "two damaged files");
  for (const path of [gone, cut]) assert.ok(plain(pharos.output).includes(basename(path)), plain(pharos.output));
  // A question about another time does not meet them, and says nothing.
  const [, body] = await pharos.get("/api/pharos/search", { kind: "log", q: "service:shop", start: String(Date.now() / 1000 - 3000), end: String(Date.now() / 1000 - 600) });
  assert.deepEqual(body.stats.warnings, []);
});

// ---- the log ---------------------------------------------------------------------------------------------------------

/** Spans `n` one after the other, each acknowledged. */
async function numbered(pharos, from, count) {
  for (let n = from; n < from + count; n++) {
    await accepted(pharos.url, "/v1/traces", spansOf("numbered", [span({ name: `span ${n}`, attrs: { n } })]));
  }
}

async function numbers(pharos) {
  const [status, { rows }] = await pharos.get("/api/pharos/sql", { query: "SELECT n, name FROM spans WHERE service = 'numbered' ORDER BY n" });
  assert.equal(status, 200);
  for (const [n, name] of rows) assert.equal(name, `span ${n}`);
  return rows.map(([n]) => n);
}

const upTo = (count) => Array.from({ length: count }, (_, n) => n);

test("a torn log of events: all but the unfinished write is there, and it is said what was dropped", async (t) => {
  const dir = folder(t);
  const pharos = await start(t, dir);
  // Its own events come in between: the last write must be one of ours.
  await numbered(pharos, 0, 40);
  await kill(pharos);
  const path = segments(dir).at(-1);
  truncateSync(path, statSync(path).size - 5);
  const second = await start(t, dir);
  const left = await numbers(second);
  assert.ok(left.length >= 39, `${left.length} are left`);
  assert.deepEqual(left, upTo(left.length));
  assert.match(plain(second.output), new RegExp(`${basename(path)}: an unfinished write at byte \\d+, \\d+ bytes dropped`));
  assert.equal(await metric(second.url, "pharos_events_log_corruptions_total"), 1);
  await numbered(second, left.length, 1);
  await kill(second);
  // Cut off, and said once.
  const third = await start(t, dir);
  assert.deepEqual(await numbers(third), upTo(left.length + 1));
  assert.equal(await metric(third.url, "pharos_events_log_corruptions_total"), 0);
  assert.equal((await detailed(third)).status, "ok");
});

test("a bit flipped anywhere in the log of events never gives a wrong event", async (t) => {
  const dir = folder(t);
  const pharos = await start(t, dir);
  await numbered(pharos, 0, 60);
  await kill(pharos);
  // Another run writes on, into a segment of its own.
  const other = await start(t, dir);
  await numbered(other, 60, 20);
  await kill(other);
  const [path] = segments(dir);
  const good = readFileSync(path);
  const wal = join(dir, "data/events/wal");
  const kept = Object.fromEntries(readdirSync(wal).map((name) => [name, readFileSync(join(wal, name))]));
  const places = [0, 9, 17, 20, 24, 40, ...Array.from({ length: 8 }, (_, i) => Math.floor((good.length * (i + 0.5)) / 8))];
  for (const [i, at] of places.entries()) {
    for (const name of readdirSync(wal)) rmSync(join(wal, name));
    for (const [name, bytes] of Object.entries(kept)) writeFileSync(join(wal, name), bytes);
    flip(path, at, i % 8);
    const again = await start(t, dir);
    const left = await numbers(again);
    const said = plain(again.output);
    assert.ok(said.includes(basename(path)), `byte ${at} is not reported: ${said}`);
    assert.ok((await metric(again.url, "pharos_events_log_corruptions_total")) >= 1, `byte ${at} is not counted`);
    assert.equal((await detailed(again)).status, "degraded", `byte ${at}`);
    // All of the other segment; of this one at least what came before.
    assert.deepEqual(left.filter((n) => n >= 60), upTo(80).slice(60), `byte ${at}`);
    const before = left.filter((n) => n < 60);
    assert.equal(new Set(before).size, before.length, `byte ${at}`);
    const sure = Math.floor((60 * at) / good.length) - 10;
    assert.deepEqual(before.slice(0, Math.max(sure, 0)), upTo(Math.max(sure, 0)), `byte ${at}`);
    await kill(again);
  }
});

test("kill -9 under load: what was acknowledged over HTTP and gRPC is there", async (t) => {
  const dir = folder(t);
  const acknowledged = { span: new Set(), log: new Set() };
  const tried = { span: new Set(), log: new Set() };
  const make = {
    span: (id) => protoSpan({ name: `name ${id}`, attrs: { n: id, pad: "x".repeat(300) }, start: nowNs(), trace: Buffer.alloc(16, 7), span: Buffer.from((BigInt(id) + (1n << 60n)).toString(16), "hex") }),
    log: (id) => protoLog({ body: `body ${id}`, attrs: { n: id, pad: "y".repeat(300) }, time: nowNs() }),
  };
  let next = 1;
  const EACH_REQUEST = 50;
  for (let life = 0; life < 3; life++) {
    const pharos = await start(t, dir);
    let over = false;
    const writer = async (kind, sender, isGood) => {
      while (!over) {
        const ids = Array.from({ length: EACH_REQUEST }, () => next++);
        ids.forEach((id) => tried[kind].add(id));
        const path = kind === "span" ? "/v1/traces" : "/v1/logs";
        const reply = await sender.send(path, protoRequest("killed", ids.map(make[kind]))).catch(() => null);
        if (reply && isGood(reply)) ids.forEach((id) => acknowledged[kind].add(id));
        else assert.ok(over, `refused: ${JSON.stringify(reply)}`);
      }
      sender.close();
    };
    const writers = ["span", "log"].flatMap((kind) => [
      writer(kind, httpSender(pharos.url), (reply) => reply.status === 200),
      writer(kind, httpSender(pharos.url), (reply) => reply.status === 200),
      writer(kind, grpcSender(pharos.url), (reply) => reply.code === 0),
      writer(kind, grpcSender(pharos.url), (reply) => reply.code === 0),
    ]);
    const goal = (life + 1) * 10_000;
    await until(() => Math.min(acknowledged.span.size, acknowledged.log.size) >= goal, `${goal} of each`, 120);
    over = true;
    await kill(pharos);
    await Promise.all(writers);
  }
  const log = segments(dir).reduce((sum, path) => sum + statSync(path).size, 0);
  const pharos = await start(t, dir);
  const [, count, ms] = plain(pharos.output).match(/event store open.*?events=(\d+) ms=(\d+)/);
  t.diagnostic(`${count} events in ${(log / MB).toFixed(1)} MB of log: open after ${ms} ms`);
  for (const [kind, table, text] of [["span", "spans", "name"], ["log", "logs", "body"]]) {
    const [status, { rows }] = await pharos.get("/api/pharos/sql", { query: `SELECT n, ${text} FROM ${table} WHERE service = 'killed'`, limit: "1000000" });
    assert.equal(status, 200);
    const found = new Set(rows.map(([n]) => n));
    assert.equal(found.size, rows.length, `${table} that are there twice`);
    for (const [n, said] of rows) assert.equal(said, `${kind === "span" ? "name" : "body"} ${n}`);
    const lost = [...acknowledged[kind]].filter((id) => !found.has(id));
    assert.deepEqual(lost.slice(0, 10), [], `${lost.length} ${table} are lost`);
    for (const n of found) assert.ok(tried[kind].has(n), `${n} was never sent`);
  }
  assert.equal((await detailed(pharos)).status, "ok");
});

// ---- a full disk -----------------------------------------------------------------------------------------------------

test("a full disk: OTLP is refused with when to come back, reads go on, and it recovers without a restart", async (t) => {
  const disk = smallDisk(t, "24m");
  if (!disk) return;
  const pharos = await start(t, disk.dir);
  const [http, grpc] = [httpSender(pharos.url), grpcSender(pharos.url)];
  t.after(() => [http, grpc].forEach((sender) => sender.close()));
  let taken = 0;
  // Each is more than what is left of a page of the file system.
  const records = (n) => protoRequest("disk", Array.from({ length: 50 }, (_, i) => protoLog({ body: `line ${n} ${i} ${"z".repeat(200)}`, time: nowNs() })));
  const spans = (n) => protoRequest("disk", Array.from({ length: 50 }, (_, i) => protoSpan({ name: `span ${n} ${i}`, start: nowNs(), attrs: { pad: "z".repeat(200) } })));
  assert.equal((await http.send("/v1/logs", records(0))).status, 200);
  taken += 1;
  disk.fill();
  const refused = await until(async () => {
    const reply = await http.send("/v1/logs", records(taken));
    if (reply.status === 200) taken += 1;
    return reply.status !== 200 && reply;
  }, "a refusal");
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.headers["retry-after"] ?? "none", /^[1-9]\d*$/);
  assert.match(refused.text, /no space/);
  for (const path of ["/v1/traces", "/v1/logs"]) {
    const call = await grpc.send(path, path === "/v1/logs" ? records(taken) : spans(taken));
    assert.ok([UNAVAILABLE, RESOURCE_EXHAUSTED].includes(call.code), JSON.stringify(call));
    assert.match(call.message, /no space/);
    assert.ok(call.details.includes("google.rpc.RetryInfo"), "RetryInfo");
    assert.equal((await http.send(path, path === "/v1/logs" ? records(taken) : spans(taken))).status, 503);
  }
  const lines = async (server = pharos) => {
    const [status, body] = await server.get("/api/pharos/sql", { query: "SELECT count(*), count(DISTINCT body) FROM logs WHERE service = 'disk'" });
    assert.equal(status, 200, JSON.stringify(body));
    const [[rows, distinct]] = body.rows;
    assert.equal(rows, distinct, "lines that are there twice");
    return rows;
  };
  for (const path of ["/-/healthy", "/-/ready", "/metrics"]) assert.equal((await fetch(pharos.url + path)).status, 200, path);
  assert.equal(await lines(), taken * 50);
  assert.equal(await metric(pharos.url, "pharos_events_disk_full"), 1);
  assert.equal((await detailed(pharos)).checks.event_store.disk_full, true);
  const [, { data }] = await pharos.get("/api/pharos/receivers");
  for (const receiver of ["otlp_http", "otlp_grpc"]) {
    const row = data.receivers.find((row) => row.receiver === receiver && row.signal === "logs");
    assert.ok(row.refusals.some((refusal) => refusal.reason === "busy" && /no space/.test(refusal.message)), JSON.stringify(row));
  }
  // A trace sent meanwhile is not there by halves.
  assert.equal((await pharos.get("/api/pharos/search", { kind: "span", q: "service:disk" }))[1].events.length, 0);

  disk.empty();
  await until(async () => (await http.send("/v1/logs", records(taken))).status === 200, "room");
  taken += 1;
  for (let i = 0; i < 20; i++) {
    assert.equal((await grpc.send("/v1/logs", records(taken))).code, 0);
    taken += 1;
  }
  assert.equal(await lines(), taken * 50);
  assert.equal(await metric(pharos.url, "pharos_events_disk_full"), 0);
  await kill(pharos);
  const again = await start(t, disk.dir);
  assert.equal(await lines(again), taken * 50);
  // And it makes files.
  assert.deepEqual(await again.stop(), { code: 0, signal: null });
  const third = await start(t, disk.dir);
  assert.equal(await lines(third), taken * 50);
  assert.ok((await metric(third.url, "pharos_events_files")) >= 1);
});

test("killed with the disk full, and stopped with it full, it starts and loses nothing", async (t) => {
  const disk = smallDisk(t, "24m");
  if (!disk) return;
  let pharos = await start(t, disk.dir);
  await numbered(pharos, 0, 30);
  disk.fill();
  await kill(pharos);
  pharos = await start(t, disk.dir);
  assert.deepEqual(await numbers(pharos), upTo(30));
  // There is no room for the files that an orderly stop makes: the log stays.
  await pharos.stop();
  assert.match(plain(pharos.output), /could not be flushed/);
  pharos = await start(t, disk.dir);
  assert.deepEqual(await numbers(pharos), upTo(30));
  disk.empty();
  await until(async () => (await send(pharos.url, "/v1/traces", spansOf("numbered", [span({ name: "span 30", attrs: { n: 30 } })]))).status === 200, "room");
  assert.deepEqual(await numbers(pharos), upTo(31));
  assert.deepEqual(await pharos.stop(), { code: 0, signal: null });
  assert.deepEqual(await numbers(await start(t, disk.dir)), upTo(31));
});

// ---- little memory ---------------------------------------------------------------------------------------------------

const status = (pharos, name) => Number(readFileSync(`/proc/${pharos.child.pid}/status`, "utf8").match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]) * 1024;

/** Sends bodies of templates until so many events are taken, as fast as they are; senders that are refused come again. */
async function flood(pharos, templates, goal, senders) {
  const counts = { taken: 0, spans: 0, logs: 0, refused: 0 };
  const work = templates.slice();
  await Promise.all(Array.from({ length: senders }, async (_, i) => {
    const sender = i % 2 ? grpcSender(pharos.url) : httpSender(pharos.url);
    while (counts.taken < goal) {
      const template = work.shift();
      const body = template.next();
      for (;;) {
        const reply = await sender.send(template.path, body);
        if (reply.status === 200 || reply.code === 0) break;
        assert.ok([429, 503].includes(reply.status) || reply.code === UNAVAILABLE || reply.code === RESOURCE_EXHAUSTED, JSON.stringify(reply));
        counts.refused += 1;
        await sleep(200 + 100 * Math.random());
      }
      counts.taken += template.count;
      counts[template.path === "/v1/traces" ? "spans" : "logs"] += template.count;
      work.push(template);
    }
    sender.close();
  }));
  return counts;
}

/** Asks in turn, until it is over. An answer, or an error that names its limit; never anything else. */
async function curious(pharos, asks, isOver, outcomes) {
  while (!isOver()) {
    for (const [path, params] of asks) {
      if (isOver()) return;
      const reply = await fetch(`${pharos.url}/api/pharos/${path}?${new URLSearchParams(params)}`);
      // An answer that fails after its first megabyte is broken off: half of it must not look like all.
      const body = await reply.text().catch(() => "broken off");
      const code = body === "broken off" ? body : reply.status === 200 ? "ok" : JSON.parse(body).error.code;
      const name = `${path} ${params.query ?? params.by ?? params.q ?? ""}`.slice(0, 60);
      outcomes[`${name}: ${code}`] = (outcomes[`${name}: ${code}`] ?? 0) + 1;
      if (reply.status === 422) assert.match(body, /limit|memory/, body);
      else assert.ok([200, 503].includes(reply.status), `${path} ${JSON.stringify(params)}: ${reply.status} ${body.slice(0, 500)}`);
    }
  }
}

const FLOOD_EVENTS = Number(process.env.PHAROS_FLOOD_EVENTS ?? 3_000_000);

test("512 MB: full speed in, heavy questions at once, and the memory stays under it", async (t) => {
  const dir = folder(t);
  const pharos = await start(t, dir, { args: ["--memory", "512MB", "--query-timeout", "20s"] });
  const templates = shopTemplates(40, { big: 200 << 10 });
  const outcomes = {};
  let over = false;
  const loops = [
    [
      ["search/group", { kind: "span", q: "service:load-*", by: "url.full", agg: "count,p95(duration)" }],
      ["search/histogram", { kind: "log", q: "service:load-* request", by: "severity" }],
      ["search", { kind: "log", q: "payment declined", limit: "1000" }],
      ["traces", { q: "service:load-cart", limit: "50" }],
    ],
    [
      ["sql", { query: "SELECT body, count(*) FROM logs GROUP BY body ORDER BY body", limit: "100" }],
      ["sql", { query: 'SELECT * FROM spans ORDER BY "url.full"', limit: "1000" }],
      ["search/group", { kind: "log", q: "", by: "body,user.id", agg: "count" }],
    ],
    [
      ["search/patterns", { q: "service:load-*" }],
      ["search/top", { kind: "span", q: "", field: "url.full" }],
      ["search/fields", { kind: "span", q: "" }],
      ["sql", { query: "SELECT count(DISTINCT body), count(DISTINCT severity) FROM logs" }],
      ["sql", { query: 'SELECT a."url.full" FROM spans a JOIN spans b ON a."url.full" = b."url.full" LIMIT 10' }],
    ],
  ];
  // The columns that are asked for must be known.
  const first = await flood(pharos, templates, 4000, 1);
  const asking = loops.map((asks) => curious(pharos, asks, () => over, outcomes));
  const begun = performance.now();
  const counts = await flood(pharos, templates, FLOOD_EVENTS, 8).finally(() => (over = true));
  const took = (performance.now() - begun) / 1000;
  for (const [what, count] of Object.entries(first)) counts[what] += count;
  await Promise.all(asking);
  const [peak, now] = [status(pharos, "VmHWM"), status(pharos, "VmRSS")];
  t.diagnostic(`${counts.taken} events in ${took.toFixed(1)} s, ${Math.round(counts.taken / took)} a second; ${counts.refused} requests refused and sent again`);
  t.diagnostic(`memory: ${(peak / MB).toFixed(0)} MB at most, ${(now / MB).toFixed(0)} MB now`);
  t.diagnostic(`questions: ${JSON.stringify(outcomes)}`);
  const count = async (server, table) => {
    const [status, body] = await server.get("/api/pharos/sql", { query: `SELECT count(*) FROM ${table} WHERE service LIKE 'load-%'` });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.warnings, undefined);
    return body.rows[0][0];
  };
  for (const table of ["spans", "logs"]) assert.equal(await count(pharos, table), counts[table], table);
  assert.ok(peak < 512e6, `${peak} bytes at most`);
  await kill(pharos);
  const again = await start(t, dir, { args: ["--memory", "512MB"] });
  for (const table of ["spans", "logs"]) assert.equal(await count(again, table), counts[table], `${table} after a kill`);
  assert.equal((await detailed(again)).status, "ok");
});

test("512 MB: log lines of 50 kB, flushed and merged, stay under it", async (t) => {
  const pharos = await start(t, folder(t), { args: ["--memory", "512MB"] });
  const words = Array.from({ length: 5000 }, (_, i) => Math.trunc(Math.abs(Math.sin(i + 1)) * 1e9).toString(36));
  const line = (n) => `${UNIQUE} ${Array.from({ length: 8000 }, (_, i) => words[(n * 7919 + i * i * 31 + i * 17) % 5000]).join(" ")}`;
  const templates = Array.from({ length: 8 }, (_, n) => new Template("/v1/logs", `load-long-${n}`, Array.from({ length: 40 }, (_, i) => protoLog({ body: line(n * 40 + i) }))));
  const counts = await flood(pharos, templates, 24_000, 8);
  const peak = status(pharos, "VmHWM");
  t.diagnostic(`${counts.taken} lines; ${(peak / MB).toFixed(0)} MB at most; ${await metric(pharos.url, "pharos_events_merges_total")} merges`);
  assert.ok(peak < 512e6, `${peak} bytes at most`);
  const [, body] = await pharos.get("/api/pharos/sql", { query: "SELECT count(*), min(length(body)) > 40000 FROM logs WHERE service LIKE 'load-long-%'" });
  assert.deepEqual(body.rows, [[counts.logs, true]], JSON.stringify(body));
});

test("a question over its memory fails with its limit, or puts aside what does not fit", async (t) => {
  const dir = folder(t);
  const pharos = await start(t, dir, { args: ["--memory", "128MB", "--disk", "4GB"] });
  const { spans } = await flood(pharos, shopTemplates(20), 200_000, 2);
  const many = { kind: "span", q: "", by: "url.full", agg: "count,p95(duration),p50(duration),avg(duration)" };
  const [status, body] = await pharos.get("/api/pharos/search/group", many);
  assert.deepEqual([status, body.error?.code], [422, "memory"], JSON.stringify(body).slice(0, 500));
  assert.match(body.error.message, /limit of \d.*--memory/);
  // A sort needs not hold it all; where even its smallest steps find no room it says so.
  const sorted = 'SELECT "url.full" FROM spans WHERE "url.full" IS NOT NULL ORDER BY "url.full" DESC';
  const [sortStatus, sort] = await pharos.get("/api/pharos/sql", { query: sorted, limit: "1000000" });
  if (sortStatus === 200) {
    const values = sort.rows.map(([value]) => value);
    assert.equal(values.length, spans);
    assert.ok(values.every((value, i) => i === 0 || values[i - 1] >= value), "in order");
  } else {
    assert.deepEqual([sortStatus, sort.error.code], [422, "memory"], JSON.stringify(sort).slice(0, 500));
    assert.match(sort.error.message, /limit of \d.*--memory/);
  }
  const [joinStatus, joined] = await pharos.get("/api/pharos/sql", { query: 'SELECT a.* FROM spans a JOIN spans b ON a."url.full" = b."url.full" AND a.span_id < b.span_id' });
  assert.ok(joinStatus === 200 || (joinStatus === 422 && /limit/.test(joined.error.message)), JSON.stringify(joined).slice(0, 500));
  const [wideStatus, wide] = await pharos.get("/api/pharos/sql", { query: "SELECT count(*) FROM generate_series(1, 20000000) a(v) JOIN generate_series(1, 20000000) b(v) ON a.v = b.v" });
  assert.deepEqual([wideStatus, wide.error?.code], [422, "memory"], JSON.stringify(wide).slice(0, 500));
  assert.match(wide.error.message, /limit of \d.*--memory/);
  // Nobody else is harmed.
  const [, small] = await pharos.get("/api/pharos/sql", { query: "SELECT count(*) FROM spans WHERE service LIKE 'load-%'" });
  assert.deepEqual(small.rows, [[spans]]);
  // What was put aside is removed.
  const spill = join(dir, "data/spill");
  await until(() => !existsSync(spill) || bytesUnder(spill) === 0, "an empty folder");
});

test("a client that goes away frees its turn", async (t) => {
  const pharos = await start(t, folder(t), { args: ["--query-max-concurrency", "1", "--query-timeout", "10m"] });
  await numbered(pharos, 0, 5);
  const endless = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE a.value * b.value % 7 = 8";
  for (let i = 0; i < 3; i++) {
    const controller = new AbortController();
    const asked = fetch(`${pharos.url}/api/pharos/sql?query=${encodeURIComponent(endless)}`, { signal: controller.signal });
    await assert.rejects(Promise.race([asked, sleep(300).then(() => controller.abort()).then(() => asked)]), { name: "AbortError" });
    // With one turn for all, this would wait for ten minutes.
    assert.deepEqual(await numbers(pharos), upTo(5));
    const [status, body] = await pharos.get("/api/pharos/search", { kind: "span", q: "service:numbered" });
    assert.deepEqual([status, body.events.length], [200, 5]);
  }
});

// ---- a small disk limit ------------------------------------------------------------------------------------------------

test("the disk limit holds: the oldest files of each kind go, and the total stays under it", async (t) => {
  const dir = folder(t);
  const limit = 40 * MB;
  const args = ["--disk", "40MB"];
  // Text that hardly shrinks: a file is about as long as what was sent.
  const noise = () => Array.from({ length: 24 }, () => UNIQUE).join("");
  const traces = new Template("/v1/traces", "filler", Array.from({ length: 1000 }, (_, i) => protoSpan({
    name: "work", attrs: { noise: noise() }, exception: i % 10 === 0 && { "exception.type": "E", "exception.message": "m", "exception.stacktrace": noise() },
  })));
  const logs = new Template("/v1/logs", "filler", Array.from({ length: 1000 }, () => protoLog({ body: "line", attrs: { noise: noise() } })));
  const pharos = await start(t, dir, { args });
  const sender = httpSender(pharos.url);
  t.after(() => sender.close());
  const share = { span: 0.25, log: 0.25, error: 0.05 };
  const sizes = async () => {
    const text = await (await fetch(`${pharos.url}/metrics`)).text();
    return Object.fromEntries(Object.keys(share).map((kind) => [kind, Number(text.match(new RegExp(`pharos_events_file_bytes\\{kind="${kind}"\\} (\\S+)`))[1])]));
  };
  const sent = { span: 0, log: 0 };
  const last = {};
  for (let round = 0; round < 120; round++) {
    for (const [kind, template] of [["span", traces], ["log", logs]]) {
      await until(async () => {
        const reply = await sender.send(template.path, template.next());
        assert.ok([200, 503].includes(reply.status), reply.text);
        return reply.status === 200;
      }, "a batch to be taken", 60);
      sent[kind] += template.body.length;
      last[kind] = template.body.toString("latin1").match(/noise.{1,8}?([0-9a-f]{384})/s)[1];
    }
  }
  assert.ok(sent.span > 1.2 * limit && sent.log > limit, `${JSON.stringify(sent)} bytes are not enough to meet the limit`);
  await until(async () => {
    const now = await sizes();
    return Object.entries(share).every(([kind, part]) => now[kind] <= limit * part);
  }, "retention", 60);
  const now = await sizes();
  t.diagnostic(`files: ${JSON.stringify(now)} of ${limit}; all: ${bytesUnder(join(dir, "data"))}`);
  assert.ok(now.span > limit * 0.05 && now.log > limit * 0.05, `too much went: ${JSON.stringify(now)}`);
  await until(() => bytesUnder(join(dir, "data")) <= limit, "all under the limit", 60);
  assert.match(plain(pharos.output), /over their retention.*|files of events are over their retention/);
  // The newest are there, whoever went.
  for (const kind of ["span", "log"]) {
    const [status, { events }] = await pharos.get("/api/pharos/search", { kind, q: `noise:${last[kind]}` });
    assert.deepEqual([status, events.length], [200, 1], kind);
  }
  assert.deepEqual(await pharos.stop(), { code: 0, signal: null });
  const again = await start(t, dir, { args });
  assert.equal(await metric(again.url, "pharos_events_damage_total"), 0);
});
