// Starts a server with a scratch folder, runs the browser tests against it, stops it.
// PHAROS_URL: test what already runs there. PHAROS_BIN: the program to start.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const READY_MS_MAX = 30_000;
const TARGETS = process.env.CARGO_TARGET_DIR ?? resolve('../target');

process.exitCode = process.env.PHAROS_URL ? await test(process.env.PHAROS_URL) : await withServer(test);

async function withServer(run) {
  const program = process.env.PHAROS_BIN ?? join(TARGETS, 'debug', 'pharos');
  const folder = mkdtempSync(join(tmpdir(), 'pharos-e2e-'));
  const port = await freePort();
  writeFileSync(join(folder, 'prometheus.yml'), configuration(port));
  const args = ['serve', '--single-port', '--data', join(folder, 'data'), '--listen', `127.0.0.1:${port}`];
  const server = spawn(program, [...args, '--prometheus-config', join(folder, 'prometheus.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (piece) => (said += piece));
  let isStopping = false;
  const stopped = new Promise((done) => {
    server.on('exit', (code, signal) => {
      if (!isStopping) console.error(`the server ended by itself (${signal ?? code}):\n${said}`);
      done();
    });
  });
  server.on('error', (error) => (said += error.message));
  try {
    const url = `http://127.0.0.1:${port}`;
    await ready(url);
    return await run(url);
  } catch (error) {
    console.error(`${error.message}\n${said}`);
    return 1;
  } finally {
    isStopping = true;
    server.kill('SIGTERM');
    await stopped;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Itself, a target that nobody answers for, and one that relabeling drops. */
function configuration(port) {
  return readFileSync(new URL('./prometheus.yml', import.meta.url), 'utf8').replaceAll('PORT', String(port));
}

/** Until the server has scraped itself a few times: graphs need samples. */
async function ready(url) {
  const until = Date.now() + READY_MS_MAX;
  for (;;) {
    const samples = await count(url);
    if (samples >= 5) return;
    if (Date.now() > until)
      throw new Error(`the server was not ready within ${READY_MS_MAX} ms, with ${samples} samples`);
    await new Promise((done) => setTimeout(done, 300));
  }
}

async function count(url) {
  try {
    const response = await fetch(
      `${url}/api/v1/query?query=${encodeURIComponent('count_over_time(up{job="self"}[1m])')}`,
    );
    return Number((await response.json()).data.result[0]?.value[1] ?? 0);
  } catch {
    return 0;
  }
}

function test(url) {
  const files = process.argv.slice(2);
  const runner = spawn(process.execPath, ['node_modules/@playwright/test/cli.js', 'test', ...files], {
    stdio: 'inherit',
    env: { ...process.env, PHAROS_URL: url },
  });
  return new Promise((done) => runner.on('exit', (code) => done(code ?? 1)));
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
