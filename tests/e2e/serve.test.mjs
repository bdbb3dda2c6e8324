// The program itself: start on an empty folder, stop, reload, refuse.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BIN, Pharos, Process, file, folder, freePort, metric, until } from "./lib.mjs";

test("it watches itself on an empty folder and stops cleanly", async (t) => {
  const pharos = await Pharos.start(t);
  assert.match(pharos.output, new RegExp(`http://127.0.0.1:${pharos.port}`));
  await until(async () => Object.values(await pharos.query("up")).includes("1"), "a scrape of itself");
  for (const path of ["/health", "/health/detailed", "/healthz", "/ready", "/live", "/-/healthy", "/-/ready"]) {
    assert.equal((await fetch(pharos.url + path)).status, 200, path);
  }
  const metrics = await (await fetch(`${pharos.url}/metrics`)).text();
  for (const name of ["prometheus_tsdb_head_series", "prometheus_build_info", "process_resident_memory_bytes"]) {
    assert.match(metrics, new RegExp(`^${name}[ {]`, "m"));
  }
  assert.deepEqual(await pharos.stop("SIGTERM"), { code: 0, signal: null });
});

test("a stop does not wait for those who follow", async (t) => {
  const pharos = await Pharos.start(t);
  const followed = await fetch(`${pharos.url}/api/pharos/search/tail?kind=log&q=`);
  const read = followed.body.getReader();
  const stopped = pharos.stop("SIGTERM");
  while (!(await read.read()).done);
  assert.deepEqual(await stopped, { code: 0, signal: null });
  assert.doesNotMatch(pharos.output, /connections were still open/);
});

test("those who follow are limited in number, and told so", async (t) => {
  const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
  const follow = (n) => fetch(`${pharos.url}/api/pharos/search/tail?kind=log&q=`, { headers: { "X-N": n } });
  const places = await Promise.all(Array.from({ length: 32 }, (_, n) => follow(n)));
  assert.deepEqual([...new Set(places.map((place) => place.status))], [200]);
  const refused = await follow(32);
  assert.equal(refused.status, 429);
  const { error } = await refused.json();
  assert.equal(error.code, "busy");
  assert.match(error.message, /32 live tails are open.*close one/);
  await places[0].body.cancel();
  await until(async () => {
    const again = await follow(33);
    await again.body.cancel();
    return again.status === 200;
  }, "a place that was given back");
});

test("connections that say nothing leave descriptors to the stores", async (t) => {
  const pharos = await Pharos.start(t, { files: 128 });
  const held = Array.from({ length: 200 }, () => connect(pharos.port, "127.0.0.1"));
  t.after(() => held.forEach((socket) => socket.destroy()));
  await Promise.all(held.map((socket) => once(socket, "connect")));
  await until(() => /64 connections are open, which is as many as may be/.test(pharos.output), "a word about it");
  held.forEach((socket) => socket.destroy());
  assert.equal(await metric(pharos.url, "pharos_http_connections_limit"), 64);
  assert.doesNotMatch(pharos.output, /Too many open files/);
});

test("what was scraped is there after a restart", async (t) => {
  const dir = folder(t);
  const first = await Pharos.start(t, { dir });
  await until(async () => Object.keys(await first.query("up")).length > 0, "a scrape");
  await first.stop("SIGINT");
  const second = await Pharos.start(t, { dir });
  const found = await second.query("count_over_time(up[1h])");
  assert.ok(Object.keys(found).length > 0);
});

test("a bad configuration ends with 2 and a line for each fault", async (t) => {
  const dir = folder(t);
  const config = file(dir, "bad.yml", "global:\n  scrape_interval: soon\nscrape_configs:\n  - job_name: a\n    nope: 1\n");
  for (const args of [["serve", "--data", join(dir, "d"), "--prometheus-config", config], ["check", "config", config]]) {
    const done = spawnSync(BIN, args, { encoding: "utf8", timeout: 20_000 });
    assert.equal(done.status, 2, done.stderr);
    assert.match(done.stdout + done.stderr, /bad\.yml:2: .*scrape_interval: /);
    assert.match(done.stdout + done.stderr, /bad\.yml:5: .*nope: /);
  }
});

test("a reload takes a good file and keeps the old one when it is bad", async (t) => {
  const config = (job) => `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: ${job}, static_configs: [{targets: ["127.0.0.1:1"]}]}]\n`;
  const pharos = await Pharos.start(t, { config: config("one") });
  const path = join(pharos.dir, "prometheus.yml");
  const pools = async () => (await pharos.get("/api/v1/scrape_pools"))[1].data.scrapePools;
  assert.deepEqual(await pools(), ["one"]);
  writeFileSync(path, "scrape_configs: nonsense\n");
  const refused = await fetch(`${pharos.url}/-/reload`, { method: "POST" });
  assert.equal(refused.status, 500);
  assert.match(await refused.text(), /prometheus\.yml:1: /);
  assert.deepEqual(await pools(), ["one"]);
  assert.equal((await pharos.query("prometheus_config_last_reload_successful", {})) !== null, true);
  writeFileSync(path, config("two"));
  pharos.signal("SIGHUP");
  await until(async () => (await pools())[0] === "two", "the reload");
});

test("an address that others can reach is refused unless told", async (t) => {
  const dir = folder(t);
  const port = await freePort();
  const done = spawnSync(BIN, ["serve", "--data", dir, "--listen", `0.0.0.0:${port}`], { encoding: "utf8", timeout: 20_000 });
  assert.equal(done.status, 2, done.stderr);
  assert.match(done.stderr, /--insecure/);
  const open = new Process(t, BIN, ["serve", "--data", dir, "--listen", `0.0.0.0:${port}`, "--insecure", "--single-port"]);
  await open.ready(`http://127.0.0.1:${port}/-/ready`);
});

test("a page of another site cannot delete", async (t) => {
  const pharos = await Pharos.start(t, { config: "scrape_configs: []\n" });
  const reply = await fetch(`${pharos.url}/api/v1/admin/tsdb/delete_series?match[]=up`, {
    method: "POST",
    headers: { "Sec-Fetch-Site": "cross-site" },
  });
  assert.equal(reply.status, 403);
});

test("queries from the command line", async (t) => {
  const pharos = await Pharos.start(t);
  await until(async () => Object.keys(await pharos.query("up")).length > 0, "a scrape");
  const run = (...args) => spawnSync(BIN, ["query", "--server", pharos.url, ...args], { encoding: "utf8", timeout: 20_000 });
  assert.match(run("instant", "up").stdout, /^up\{.*\} => 1 @\[/m);
  assert.match(run("range", "up", "--step", "15s").stdout, /^up\{.*\} =>$/m);
  assert.match(run("series", "up").stdout, /^up\{/m);
  assert.match(run("labels", "job").stdout, /^pharos$/m);
  const bad = run("instant", "up(");
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /1:4/);
});

test("a target that fails is shown with what to do", async (t) => {
  const server = createServer((_, reply) => reply.writeHead(401).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const target = `127.0.0.1:${server.address().port}`;
  const config = `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: a, static_configs: [{targets: ["${target}"]}]}]\n`;
  const pharos = await Pharos.start(t, { config });
  const failed = await until(async () => {
    const [, body] = await pharos.get("/api/pharos/targets");
    return body.data.activeTargets.find((x) => x.health === "down");
  }, "the failed scrape");
  assert.match(failed.lastError, /401/);
  assert.match(failed.advice, /auth/i);
  assert.deepEqual(Object.values(await pharos.query("up")), ["0"]);
});
