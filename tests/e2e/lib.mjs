// Starting and stopping the program and the servers it is tested with.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const BIN = process.env.PHAROS_BIN ?? "pharos";

/** A folder that is gone after the test. */
export function folder(t) {
  const dir = mkdtempSync(join(tmpdir(), "pharos-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export function file(dir, name, text) {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

/** Turns a bit of a file round. */
export function flip(path, at, bit = 2) {
  const bytes = readFileSync(path);
  bytes[at] ^= 1 << bit;
  const file = openSync(path, "r+");
  writeSync(file, bytes, at, 1, at);
  closeSync(file);
}

/** A file system of this size, and what fills it and makes room again. */
export function smallDisk(t, size) {
  const dir = mkdtempSync(join(tmpdir(), "pharos-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", dir]).status === 0;
  t.after(() => {
    // Lazily: a server may still stand in it.
    if (mounted) spawnSync("umount", ["-l", dir]);
    rmSync(dir, { recursive: true, force: true });
  });
  if (!mounted) {
    t.skip("only root may mount a small file system");
    return null;
  }
  const ballast = join(dir, "ballast");
  const fill = () => {
    const file = openSync(ballast, "a");
    const full = (bytes) => {
      try {
        return writeSync(file, bytes) < bytes.length;
      } catch (error) {
        assert.equal(error.code, "ENOSPC");
        return true;
      }
    };
    for (const length of [65536, 4096, 1]) while (!full(Buffer.alloc(length, 1)));
    closeSync(file);
  };
  return { dir, fill, empty: () => unlinkSync(ballast) };
}

/** A child process with its output collected. It is killed after the test. */
export class Process {
  constructor(t, command, args, options = {}) {
    this.output = "";
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (b) => (this.output += b));
    this.exited = once(this.child, "exit").then(([code, signal]) => ({ code, signal }));
    t.after(async () => {
      this.child.kill("SIGKILL");
      await this.exited;
    });
  }

  signal(name) {
    this.child.kill(name);
  }

  async stop(name = "SIGTERM") {
    this.child.kill(name);
    return this.exited;
  }

  /** Waits until a request is answered with a 2xx. */
  async ready(url) {
    let ended = false;
    this.exited.then(() => (ended = true));
    await until(async () => {
      if (ended) throw Object.assign(new Error(`ended before it was ready:\n${this.output}`), { final: true });
      return (await fetch(url)).ok;
    }, url);
  }
}

/** A running Pharos. */
export class Pharos extends Process {
  /** `files`: how many files and connections the process may have open. */
  static async start(t, { dir = folder(t), config, args = [], port, files } = {}) {
    port ??= await freePort();
    const flags = ["serve", "--single-port", "--listen", `127.0.0.1:${port}`, "--data", join(dir, "data")];
    if (config !== undefined) flags.push("--prometheus-config", file(dir, "prometheus.yml", config));
    const limited = files === undefined ? [BIN] : ["sh", "-c", `ulimit -n ${files}; exec "$0" "$@"`, BIN];
    const [command, ...first] = limited;
    const pharos = new Pharos(t, command, [...first, ...flags, ...args], { cwd: dir });
    pharos.dir = dir;
    pharos.port = port;
    pharos.url = `http://127.0.0.1:${port}`;
    await pharos.ready(`${pharos.url}/-/ready`);
    return pharos;
  }

  /** GET of the API: `[status, body]`. */
  async get(path, params = {}) {
    return getJson(this.url, path, params);
  }

  /** The result of an instant query as `{series: value}`, the series printed as `name{a="1"}`. */
  async query(query, params = {}) {
    return query_(this.url, query, params);
  }
}

/**
 * A server to be scraped. `answer` is a body in the text format, or `(request, reply, number) => …` with the number of
 * the request, from 0. It is gone after the test, or after `close()`, as if it had been killed.
 */
export async function target(t, answer) {
  const requests = [];
  const server = createHttpServer((request, reply) => {
    requests.push(request);
    if (typeof answer === "function") answer(request, reply, requests.length - 1);
    else reply.writeHead(200, { "Content-Type": TEXT }).end(answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  t.after(close);
  return { address: `127.0.0.1:${server.address().port}`, requests, close };
}

export const TEXT = "text/plain; version=0.0.4; charset=utf-8";

/** The sum of all series of a name at `/metrics`; undefined when there is none. */
export async function metric(url, name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)`, "gm"))].map((m) => Number(m[1]));
  return values.length ? values.reduce((a, b) => a + b) : undefined;
}

/** Output without the colours that terminals are given. */
export const plain = (output) => output.replace(/\x1b\[[0-9;]*m/g, "");

export async function getJson(url, path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) [value].flat().forEach((v) => query.append(name, v));
  const reply = await fetch(`${url}${path}?${query}`);
  return [reply.status, await reply.json()];
}

export async function query_(url, query, params = {}) {
  const [status, body] = await getJson(url, "/api/v1/query", { query, ...params });
  assert.equal(status, 200, JSON.stringify(body));
  return Object.fromEntries(body.data.result.map((s) => [series(s.metric), s.value?.[1] ?? s.histogram?.[1]]));
}

export function series(metric) {
  const { __name__: name = "", ...labels } = metric;
  const pairs = Object.entries(labels).sort().map(([n, v]) => `${n}="${v}"`);
  return `${name}{${pairs.join(",")}}`;
}

/** Polls until the condition gives something true; a throw counts as not yet, unless what it throws is `final`. */
export async function until(condition, what, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  let last;
  while (Date.now() < end) {
    try {
      const value = await condition();
      if (value) return value;
      last = value;
    } catch (error) {
      if (error.final) throw error;
      last = error;
    }
    await sleep(50);
  }
  throw new Error(`waited ${seconds} s for ${what}; last: ${last?.stack ?? last}`);
}
