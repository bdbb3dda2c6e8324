// Remote write: good bodies, bad bodies, both versions, and what a crash leaves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pharos, folder, freePort } from "./lib.mjs";
import { compress, timeSeries, write, writeRequest, writeRequest2 } from "./wire.mjs";

const CONFIG = "scrape_configs: []\n";
const now = () => Math.floor(Date.now() / 1000) * 1000;

test("a write is there at once", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const at = now();
  const one = timeSeries([["__name__", "a"], ["job", "x"]], [[1, at - 1000], [2, at]]);
  assert.equal((await write(pharos.url, compress(writeRequest(one)))).status, 204);
  assert.deepEqual(await pharos.query("a", { time: at / 1000 }), { 'a{job="x"}': "2" });
});

test("version 2 says what was written", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const at = now();
  const body = writeRequest2(
    { labels: [["__name__", "a"], ["job", "x"]], samples: [[1, at]] },
    { labels: [["__name__", "b"], ["job", "x"]], samples: [[1, at - 1000], [3, at]] },
  );
  const reply = await write(pharos.url, compress(body), { version: 2 });
  assert.equal(reply.status, 204, reply.text);
  assert.equal(reply.headers.get("X-Prometheus-Remote-Write-Samples-Written"), "3");
  assert.equal(reply.headers.get("X-Prometheus-Remote-Write-Histograms-Written"), "0");
  assert.deepEqual(await pharos.query("sum(a) + sum(b)", { time: at / 1000 }), { "{}": "4" });
});

test("a bad body is refused with a reason and harms nothing", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const at = now();
  const good = timeSeries([["__name__", "good"]], [[1, at]]);
  const check = async (what, body, status, words, options) => {
    const reply = await write(pharos.url, body, options);
    assert.equal(reply.status, status, `${what}: ${reply.text}`);
    assert.match(reply.text, words, what);
  };
  await check("bad snappy", Buffer.from("not snappy at all"), 400, /snappy/i);
  await check("bad protobuf", compress(Buffer.from([0x0a, 0xff, 0x01])), 400, /./);
  const bomb = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(16)]);
  await check("decompression bomb", bomb, 400, /./);
  await check("unknown type", compress(writeRequest(good)), 415, /./, { type: "text/plain" });
  await check("unknown encoding", compress(writeRequest(good)), 415, /./, { encoding: "br" });
  const refused = [
    ["unsorted labels", [["job", "x"], ["__name__", "a"]]],
    ["repeated label", [["__name__", "a"], ["b", "1"], ["b", "2"]]],
    ["empty label name", [["", "x"], ["__name__", "a"]]],
    ["no metric name", [["job", "x"]]],
  ];
  for (const [what, labels] of refused) {
    const body = compress(writeRequest(timeSeries(labels, [[1, at]])));
    const reply = await write(pharos.url, body);
    assert.ok([204, 400].includes(reply.status), `${what}: ${reply.status} ${reply.text}`);
    if (what !== "unsorted labels") assert.equal(reply.status, 400, `${what}: ${reply.text}`);
  }
  const invalid = writeRequest(timeSeries([["__name__", "a"], ["b", "\u0001"]], [[1, at]]));
  invalid[invalid.indexOf(1, invalid.indexOf("b") + 1) + 1] = 0xff;
  assert.equal((await write(pharos.url, compress(writeRequest(good)))).status, 204);
  assert.deepEqual(await pharos.query("good", { time: at / 1000 }), { "good{}": "1" });
});

test("old and repeated samples are refused, the series named, the rest kept", async (t) => {
  const pharos = await Pharos.start(t, { config: CONFIG });
  const at = now();
  const series = (v, when) => timeSeries([["__name__", "a"], ["job", "x"]], [[v, when]]);
  const other = timeSeries([["__name__", "b"]], [[7, at]]);
  assert.equal((await write(pharos.url, compress(writeRequest(series(1, at))))).status, 204);
  const duplicate = await write(pharos.url, compress(writeRequest(series(2, at), other)));
  assert.equal(duplicate.status, 400);
  assert.match(duplicate.text, /duplicate sample for timestamp .* for series \{__name__="a", job="x"\}/);
  const old = await write(pharos.url, compress(writeRequest(series(2, at - 60_000))));
  assert.equal(old.status, 400);
  assert.match(old.text, /out of order/);
  assert.deepEqual(await pharos.query("{__name__=~'a|b'}", { time: at / 1000 }), { 'a{job="x"}': "1", "b{}": "7" });
});

test("what was acknowledged survives kill -9", async (t) => {
  const dir = folder(t);
  const port = await freePort();
  const pharos = await Pharos.start(t, { dir, port, config: CONFIG });
  const at = now();
  const rounds = 50;
  for (let n = 0; n < rounds; n++) {
    const all = Array.from({ length: 40 }, (_, i) =>
      timeSeries([["__name__", "m"], ["i", String(i)]], [[n * i, at - (rounds - n) * 1000]]));
    assert.equal((await write(pharos.url, compress(writeRequest(...all)))).status, 204);
  }
  const ended = await pharos.stop("SIGKILL");
  assert.equal(ended.signal, "SIGKILL");
  const again = await Pharos.start(t, { dir, port, config: CONFIG });
  const count = await again.query("sum(count_over_time(m[10m]))", { time: at / 1000 });
  assert.deepEqual(count, { "{}": String(rounds * 40) });
});
