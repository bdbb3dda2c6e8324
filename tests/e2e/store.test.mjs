// The store on bad days: a full disk, flipped bits, torn and killed writes, two servers on one directory.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BIN, Pharos, TEXT, flip, folder, metric, plain, smallDisk, target, until } from "./lib.mjs";
import { compress, timeSeries, write, writeRequest } from "./wire.mjs";

const CONFIG = "scrape_configs: []\n";
const now = () => Math.floor(Date.now() / 1000) * 1000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The value of a sample follows from its place: whatever is read can be checked. */
const valueOf = (n, t) => ((t / 1000) % 10_007) * 8 + n / 8;

/** One sample of each of `count` series `m{n="…"}`. */
function batch(count, t) {
  return compress(writeRequest(...Array.from({ length: count }, (_, n) =>
    timeSeries([["__name__", "m"], ["n", String(n)]], [[valueOf(n, t), t]]))));
}

async function accepted(url, body) {
  const reply = await write(url, body);
  assert.equal(reply.status, 204, reply.text);
}

/** All samples of `m` up to a time, as `Map(n → Map(ms → value))`; each is checked to be one that was written. */
async function samples(pharos, at, range = "1d") {
  const [status, body] = await pharos.get("/api/v1/query", { query: `m[${range}]`, time: at / 1000 });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.warnings ?? [], []);
  const all = new Map();
  for (const { metric, values } of body.data.result) {
    const n = Number(metric.n);
    all.set(n, new Map(values.map(([t, v]) => [Math.round(t * 1000), Number(v)])));
    for (const [t, v] of all.get(n)) assert.equal(v, valueOf(n, t), `m{n="${n}"} at ${t} was never ${v}`);
  }
  return all;
}

/** Every series has exactly these times. */
function whole(all, count, times) {
  assert.equal(all.size, count);
  for (const [n, of] of all) assert.deepEqual([...of.keys()], times, `times of m{n="${n}"}`);
}

/** The files of the log with records in them, oldest first. */
function logFiles(dir) {
  const wal = join(dir, "data/metrics/wal");
  return readdirSync(wal).sort().map((name) => join(wal, name)).filter((path) => statSync(path).size > 1000);
}

function blockFiles(dir) {
  const blocks = join(dir, "data/metrics/blocks");
  return readdirSync(blocks).filter((name) => name.endsWith(".blk")).sort().map((name) => join(blocks, name));
}

const detailed = async (pharos) => (await fetch(`${pharos.url}/health/detailed`)).json();
const kill = (pharos) => pharos.stop("SIGKILL");

/** Writes batches until one is refused for want of room. Returns the times taken and the refused one. */
async function writeUntilFull(pharos, count, from) {
  const taken = [];
  for (let t = from; ; t += 1000) {
    const body = batch(count, t);
    const reply = await write(pharos.url, body);
    if (reply.status === 204) {
      taken.push(t);
      assert.ok(taken.length < 2000, "it takes more than the disk has");
      continue;
    }
    assert.equal(reply.status, 503, reply.text);
    assert.match(reply.text, /no space|disk/i);
    assert.match(reply.headers.get("retry-after") ?? "none", /^[1-9]\d*$/, "Retry-After");
    return { taken, refused: t, body };
  }
}

test("a full disk: writes are refused, reads go on, and it recovers without a restart", async (t) => {
  const disk = smallDisk(t, "8m");
  if (!disk) return;
  const pharos = await Pharos.start(t, { dir: disk.dir, config: CONFIG });
  const [count, from] = [50, now() - HOUR];
  await accepted(pharos.url, batch(count, from - 1000));
  disk.fill();
  const { taken, refused, body } = await writeUntilFull(pharos, count, from);
  const times = [from - 1000, ...taken];
  for (let i = 0; i < 5; i++) assert.equal((await write(pharos.url, body)).status, 503);

  for (const path of ["/-/healthy", "/-/ready", "/metrics"]) {
    assert.equal((await fetch(pharos.url + path)).status, 200, path);
  }
  whole(await samples(pharos, now()), count, times);
  // A snapshot wants the head on disk. There is no room for it, and that costs nothing.
  const snapshot = await fetch(`${pharos.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
  assert.ok(snapshot.status >= 500, `a snapshot without room: ${snapshot.status}`);
  whole(await samples(pharos, now()), count, times);

  disk.empty();
  // What was refused is taken when it is sent again, as senders do.
  await until(async () => (await write(pharos.url, body)).status === 204, "room");
  times.push(refused);
  for (let t = refused + 1000; t <= refused + 20_000; t += 1000) {
    await accepted(pharos.url, batch(count, t));
    times.push(t);
  }
  whole(await samples(pharos, now()), count, times);
  await kill(pharos);
  const again = await Pharos.start(t, { dir: disk.dir, config: CONFIG });
  whole(await samples(again, now()), count, times);
  assert.equal((await detailed(again)).status, "ok");
});

test("a full disk: scraping says so, and goes on when there is room", async (t) => {
  const disk = smallDisk(t, "8m");
  if (!disk) return;
  let round = 0;
  // More than what is left of a page of the file system, and new every time.
  const body = () => Array.from({ length: 200 }, (_, i) => `a{i="${i}"} ${Math.sin(i + 1000 * round)}\n`).join("");
  const server = await target(t, (_, reply) => {
    round += 1;
    reply.writeHead(200, { "Content-Type": TEXT }).end(body());
  });
  const config = `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs: [{job_name: j, static_configs: [{targets: ["${server.address}"]}]}]\n`;
  const pharos = await Pharos.start(t, { dir: disk.dir, config });
  const count = async () => Number((await pharos.query("sum(count_over_time(a[5m]))"))["{}"] ?? 0);
  await until(async () => (await count()) >= 400, "two scrapes");
  disk.fill();
  await until(async () => {
    const [, { data }] = await pharos.get("/api/v1/targets");
    return /no space/.test(data.activeTargets[0].lastError);
  }, "an error that says why");
  const before = await count();
  assert.equal(before % 200, 0, "scrapes are taken whole");
  assert.equal((await fetch(`${pharos.url}/-/healthy`)).status, 200);
  disk.empty();
  await until(async () => (await count()) >= before + 400, "two more scrapes");
  await until(async () => (await pharos.query("up"))[`up{instance="${server.address}",job="j"}`] === "1", "up");
  const after = await count();
  await kill(pharos);
  const again = await Pharos.start(t, { dir: disk.dir, config });
  assert.ok(Number((await again.query("sum(count_over_time(a[10m]))"))["{}"]) >= after);
});

test("killed with the disk full, it starts: reads are answered, and writes when there is room", async (t) => {
  const disk = smallDisk(t, "8m");
  if (!disk) return;
  const [count, from] = [50, now() - HOUR];
  const pharos = await Pharos.start(t, { dir: disk.dir, config: CONFIG });
  await accepted(pharos.url, batch(count, from - 1000));
  disk.fill();
  const { taken, body, refused } = await writeUntilFull(pharos, count, from);
  const times = [from - 1000, ...taken];
  await kill(pharos);
  // The page cache gave nothing back: the disk is as full as before.
  const port = pharos.port;
  const again = new Pharos(t, BIN, ["serve", "--single-port", "--listen", `127.0.0.1:${port}`, "--data", join(disk.dir, "data"),
    "--prometheus-config", join(disk.dir, "prometheus.yml")], { cwd: disk.dir });
  again.url = pharos.url;
  await again.ready(`${again.url}/-/ready`);
  whole(await samples(again, now()), count, times);
  assert.equal((await write(again.url, body)).status, 503);
  disk.empty();
  await until(async () => (await write(again.url, body)).status === 204, "room");
  whole(await samples(again, now()), count, [...times, refused]);
});

test("a flipped bit in the log is named, and the rest is served", async (t) => {
  const dir = folder(t);
  const [count, from] = [20, now() - HOUR];
  const first = await Pharos.start(t, { dir, config: CONFIG });
  const before = Array.from({ length: 100 }, (_, i) => from + i * 1000);
  for (const t of before) await accepted(first.url, batch(count, t));
  await kill(first);
  const hurt = logFiles(dir).at(-1);

  // Another run writes on, into a segment of its own.
  const second = await Pharos.start(t, { dir, config: CONFIG });
  const after = Array.from({ length: 50 }, (_, i) => from + 10 * MINUTE + i * 1000);
  for (const t of after) await accepted(second.url, batch(count, t));
  await kill(second);
  const at = Math.floor(statSync(hurt).size / 2);
  flip(hurt, at);

  const third = await Pharos.start(t, { dir, config: CONFIG });
  const [, offset] = plain(third.output).match(/00000001\.wal\W.*?(?:offset\D|byte )(\d+)/) ?? assert.fail(`not named:\n${third.output}`);
  assert.ok(Number(offset) <= at && Number(offset) > at - 5000, `${offset} names ${at}`);
  const health = await detailed(third);
  assert.equal(health.status, "degraded", JSON.stringify(health));
  assert.ok((await metric(third.url, "prometheus_tsdb_wal_corruptions_total")) > 0);
  assert.equal((await fetch(`${third.url}/-/ready`)).status, 200);
  // What came before the damage and what came in other segments is there, in every series.
  const all = await samples(third, now());
  assert.equal(all.size, count);
  for (const [n, of] of all) {
    const times = [...of.keys()];
    const kept = times.filter((t) => t < after[0]);
    assert.ok(kept.length >= 40, `of m{n="${n}"} ${kept.length} samples are left before the damage`);
    assert.deepEqual(kept.slice(0, 40), before.slice(0, 40));
    assert.deepEqual(times.slice(kept.length), after);
  }
  // It works on, and what it takes now survives as well.
  await accepted(third.url, batch(count, from + 20 * MINUTE));
  await kill(third);
  const fourth = await Pharos.start(t, { dir, config: CONFIG });
  assert.equal((await fourth.query("count(m)", { time: from / 1000 + 20 * 60 }))["{}"], String(count));
});

test("a bit flipped anywhere in the last log never gives a wrong sample", async (t) => {
  const dir = folder(t);
  const [count, from] = [20, now() - HOUR];
  const pharos = await Pharos.start(t, { dir, config: CONFIG });
  for (let i = 0; i < 30; i++) await accepted(pharos.url, batch(count, from + i * 1000));
  await kill(pharos);
  const [path] = logFiles(dir);
  const good = readFileSync(path);
  // The first places are those of the header, of the first frame and of the first labels.
  const places = [0, 9, 17, 20, 24, 40, ...Array.from({ length: 8 }, (_, i) => Math.floor((good.length * (i + 0.5)) / 8))];
  for (const [i, at] of places.entries()) {
    for (const other of readdirSync(join(dir, "data/metrics/wal"))) rmSync(join(dir, "data/metrics/wal", other));
    writeFileSync(path, good);
    flip(path, at, i % 8);
    const again = await Pharos.start(t, { dir, config: CONFIG });
    // The values are checked there: what is served is what was written, though a record may be missing.
    const all = await samples(again, now());
    for (const of of all.values()) {
      const written = (t) => t >= from && t < from + 30_000 && (t - from) % 1000 === 0;
      assert.ok([...of.keys()].every(written), `a time that was never written, after damage at byte ${at}`);
    }
    assert.match(plain(again.output), /00000001\.wal/, `byte ${at} is not reported`);
    assert.equal((await detailed(again)).status, "degraded", `byte ${at}`);
    await kill(again);
  }
});

test("a torn log: all but the unfinished write is there", async (t) => {
  const dir = folder(t);
  const [count, from] = [20, now() - HOUR];
  const pharos = await Pharos.start(t, { dir, config: CONFIG });
  const times = Array.from({ length: 50 }, (_, i) => from + i * 1000);
  for (const t of times) await accepted(pharos.url, batch(count, t));
  await kill(pharos);
  const [path] = logFiles(dir);
  truncateSync(path, statSync(path).size - 5);
  const second = await Pharos.start(t, { dir, config: CONFIG });
  assert.match(plain(second.output), /00000001\.wal/);
  whole(await samples(second, now()), count, times.slice(0, -1));
  await accepted(second.url, batch(count, times.at(-1)));
  await kill(second);
  // Cut off and written again: nothing is wrong any more.
  const third = await Pharos.start(t, { dir, config: CONFIG });
  whole(await samples(third, now()), count, times);
  assert.equal((await detailed(third)).status, "ok");
  assert.doesNotMatch(plain(third.output), /00000001\.wal/);
});

/** A stopped store with blocks of many hours. Returns the times of its samples. */
async function withBlocks(t, dir, count) {
  const pharos = await Pharos.start(t, { dir, config: CONFIG });
  const [end, hours] = [now() - MINUTE, 12];
  const times = [];
  for (let t = end - hours * HOUR; t <= end; t += 5 * MINUTE) {
    await accepted(pharos.url, batch(count, t));
    times.push(t);
  }
  const snapshot = await fetch(`${pharos.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
  assert.equal(snapshot.status, 200, await snapshot.text());
  const blocks = await until(async () => {
    const [, { data }] = await pharos.get("/api/v1/status/tsdb/blocks");
    return data.blocks.length >= 3 && data.blocks;
  }, "blocks");
  assert.ok(blocks.every((b) => b.minTime <= b.maxTime));
  whole(await samples(pharos, now()), count, times);
  await kill(pharos);
  return times;
}

test("a flipped bit in a block is named, and the rest is served", async (t) => {
  const dir = folder(t);
  // More series than a page holds.
  const count = 1500;
  const times = await withBlocks(t, dir, count);
  // The block with the first hours.
  const [hurt] = blockFiles(dir);
  const name = hurt.split("/").at(-1).replace(".blk", "");
  const good = readFileSync(hurt);
  const parts = Array.from({ length: 6 }, (_, i) => Math.floor((good.length * (i + 0.5)) / 6));
  const places = [0, 8, ...parts, good.length - 40, good.length - 1];
  const unknown = [];
  let [named, apart] = [0, 0];
  for (const [i, at] of places.entries()) {
    writeFileSync(hurt, good);
    flip(hurt, at, i % 8);
    const pharos = await Pharos.start(t, { dir, config: CONFIG });
    // The last hours lie in other blocks.
    const end = now();
    whole(await samples(pharos, end, "4h"), count, times.filter((t) => t > end - 4 * HOUR));
    // All of the first and of the last series, which lie in different pages.
    const outcomes = [];
    for (const n of [0, 999]) {
      const [status, body] = await pharos.get("/api/v1/query", { query: `m{n="${n}"}[1d]`, time: now() / 1000 });
      const values = body.data?.result[0].values ?? [];
      for (const [t, v] of values) assert.equal(Number(v), valueOf(n, t * 1000), `byte ${at}: m{n="${n}"} at ${t}`);
      const complete = status === 200 && values.length === times.length;
      outcomes.push(complete);
      const said = `${plain(pharos.output)}${body.error ?? ""}${body.warnings ?? ""}`;
      if (!complete) assert.ok(said.includes(name), `byte ${at}: ${status}, and the block ${name} is not named: ${said.slice(0, 2000)}`);
    }
    if (outcomes.includes(false)) {
      named += 1;
      if ((await detailed(pharos)).status !== "degraded") unknown.push(at);
    }
    if (outcomes[0] !== outcomes[1]) apart += 1;
    // It is left for whoever may repair it, and the store works on.
    assert.ok(blockFiles(dir).includes(hurt), `byte ${at}: the damaged block is gone`);
    await accepted(pharos.url, compress(writeRequest(timeSeries([["__name__", "after"], ["i", String(i)]], [[i, now()]]))));
    await kill(pharos);
  }
  assert.ok(named >= 5, `only ${named} of ${places.length} flipped bits had an effect`);
  assert.ok(apart >= 1, "damage of one page never left the others readable");
  assert.deepEqual(unknown, [], "damaged bytes that a query met and /health/detailed says nothing of");
});

test("kill -9 amid concurrent writers and flushes: what was acknowledged is there", async (t) => {
  const dir = folder(t);
  const [writers, width, rounds] = [8, 25, 3];
  const acknowledged = Array.from({ length: writers }, () => []);
  const at = now();
  const value = (w, i, round) => w * 1e6 + i * 1e4 + round;
  const body = (w, round) => compress(writeRequest(...Array.from({ length: width }, (_, i) =>
    timeSeries([["__name__", "w"], ["w", String(w)], ["i", String(i)]], [[value(w, i, round), at - 30 * MINUTE + round * 10]]))));
  const next = Array(writers).fill(0);
  for (let life = 0; life < rounds; life++) {
    const pharos = await Pharos.start(t, { dir, config: CONFIG });
    let over = false;
    const writer = async (w) => {
      while (!over) {
        const round = next[w]++;
        const reply = await write(pharos.url, body(w, round)).catch(() => null);
        if (reply?.status === 204) acknowledged[w].push(round);
        else assert.ok(over, `refused: ${reply?.status} ${reply?.text}`);
      }
    };
    const flusher = async () => {
      while (!over) await fetch(`${pharos.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" }).then((r) => r.text()).catch(() => null);
    };
    const all = [...next.keys()].map(writer);
    const flushing = flusher();
    const goal = (life + 1) * 40;
    await until(() => acknowledged.every((a) => a.length >= goal), `${goal} writes each`, 120);
    over = true;
    await kill(pharos);
    await Promise.all([...all, flushing]);
  }
  const pharos = await Pharos.start(t, { dir, config: CONFIG });
  const [status, { data }] = await pharos.get("/api/v1/query", { query: "w[1h]", time: at / 1000 });
  assert.equal(status, 200);
  assert.equal(data.result.length, writers * width);
  const found = new Map(data.result.map(({ metric, values }) => [`${metric.w} ${metric.i}`, new Map(values.map(([t, v]) => [Math.round(t * 1000), Number(v)]))]));
  for (const [w, list] of acknowledged.entries()) {
    for (let i = 0; i < width; i++) {
      const of = found.get(`${w} ${i}`);
      for (const round of list) {
        assert.equal(of.get(at - 30 * MINUTE + round * 10), value(w, i, round), `write ${round} of writer ${w}, series ${i}`);
      }
      // A write that was under way came whole or not at all.
      assert.equal(of.size, found.get(`${w} 0`).size, `writer ${w}, series ${i}`);
      for (const [t, v] of of) assert.equal(v, value(w, i, (t - at + 30 * MINUTE) / 10));
    }
  }
  assert.equal((await detailed(pharos)).status, "ok");
});

test("a second server on the same directory is refused", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  await accepted(pharos.url, batch(1, now()));
  const data = join(pharos.dir, "data");
  const second = spawnSync(BIN, ["serve", "--single-port", "--listen", "127.0.0.1:0", "--data", data], { encoding: "utf8", timeout: 20_000 });
  assert.equal(second.status, 1, second.stdout + second.stderr);
  assert.match(second.stderr, /in use by another/);
  assert.ok(second.stderr.includes(data), second.stderr);
  await accepted(pharos.url, batch(1, now() + 1000));
  await kill(pharos);
  // The lock goes with its holder, however that ended.
  await Pharos.start(t, { dir: pharos.dir, config: CONFIG });
});
