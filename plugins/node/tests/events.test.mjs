// Files cut into events: every form gives the same bytes, and nothing is left out.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { InputError, readEvents } from "oxpecker-wasm";

const [A, B, C] = ['{"a":1.0}', '{"b":"x}{","c":[{}]}', '{"é":"\\u00e9"}'];

/** The events of a text that comes in chunks of `size` bytes. */
async function cut(text, size = Infinity) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const found = [];
  for await (const event of readEvents(chunks())) found.push(Buffer.from(event).toString("latin1"));
  return found.map((event) => Buffer.from(event, "latin1").toString());
}

test("every form gives the same events", async () => {
  const listed = [A, B, C].join();
  const spread = `{\n  "Records" : [\n${[A, B, C].join(",\n")}\n  ],\n "more": {"z": [1]}, "n": 5\n}\n`;
  for (const text of [
    [A, B, C].join("\n"),
    ["", A, B, " ", C, ""].join("\r\n"),
    `\ufeff${[A, B, C].join("\n")}`,
    `[${listed}]`,
    `[\n${[A, B, C].join(" ,\n")}\n]\n`,
    `{"Records":[${listed}]}`,
    `{"Records":[${listed}],"b":1}\n`,
    spread,
    A + B + C,
    `${A} ${B}\n${C}`,
    `{"Records":[${A}]}\n[${B}]\n${C}`,
    `${A}\n[]\n${B}\n{"Records":[]}${C}`,
  ]) {
    for (const size of [1, 7, 64, Infinity]) assert.deepEqual(await cut(text, size), [A, B, C], `${text} by ${size}`);
    assert.deepEqual(await cut(gzipSync(text)), [A, B, C], text);
    const halves = [gzipSync(Buffer.from(text).subarray(0, 30)), gzipSync(Buffer.from(text).subarray(30))];
    assert.deepEqual(await cut(Buffer.concat(halves), 5), [A, B, C], text);
  }
});

test("an event over many lines keeps its bytes", async () => {
  const pretty = JSON.stringify({ a: [1, { b: {} }], c: "x" }, null, 2);
  for (const size of [1, 16, Infinity]) {
    assert.deepEqual(await cut(pretty, size), [pretty]);
    assert.deepEqual(await cut(`${pretty}\n${pretty}\n${A}`, size), [pretty, pretty, A]);
    assert.deepEqual(await cut(pretty + pretty, size), [pretty, pretty]);
  }
});

test("what is broken stays in one piece and reading goes on", async () => {
  for (const broken of ['{"x":', '{"x":"', "no", '{"x":}', '{"x":1}x', '{"x":[1}', '{"x" 1,', "{{"]) {
    for (const size of [1, 16, Infinity]) {
      const found = await cut(`${broken}\n${A}\n${B}`, size);
      assert.equal(found.at(-1), B, broken);
      assert.equal((await cut(broken, size)).join(""), broken);
    }
  }
  assert.deepEqual(await cut(`{"x":"\n${A}`), ['{"x":"', A]);
  const invalid = Buffer.concat([Buffer.from('{"x":'), Buffer.from([0xff]), Buffer.from(`}\n${A}`)]);
  assert.equal((await cut(invalid)).length, 2);
  const inside = `{"Records":[${A},{"x" "y"},${B}]}\n${C}`;
  assert.deepEqual(await cut(inside), [A, `{"x" "y"},${B}]}`, C]);
  await assert.rejects(cut(`[${A},${B}`), (error) => error instanceof InputError && /ends inside an array/.test(error));
  const deep = "[".repeat(100_000);
  assert.equal((await cut(`${deep}\n${A}`)).at(-1), A);
});

test("of no text anything is lost", async () => {
  const tokens = [...'{}[],:"\\\n 1\xff', "\n", "\r\n", '"a"', '{"a":1}', '{"x":[1,{"y":2}]}', '{"Records":[', '"b}{"'];
  // What stands between events, and is passed over.
  const kept = (text) => text.replace(/"Records"|[[\]{},:\s]/g, "");
  let seed = 1;
  const chance = (below) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 5000; round += 1) {
    const text = Array.from({ length: 1 + chance(24) }, () => tokens[chance(tokens.length)]).join("");
    const size = 1 + chance(40);
    async function* chunks() {
      for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size), "latin1");
    }
    const found = [];
    try {
      for await (const event of readEvents(chunks())) found.push(Buffer.from(event).toString("latin1"));
    } catch (error) {
      assert.ok(error instanceof InputError, error);
    }
    assert.ok(!found.includes(""), text);
    assert.equal(kept(found.join("")), kept(text), text);
  }
});

test("a large document is read as it comes", async () => {
  const events = Array.from({ length: 20_000 }, (_, n) => JSON.stringify({ n, text: "x".repeat(100) }));
  assert.deepEqual(await cut(`{"Records":[${events.join()}]}`, 65_536), events);
  const long = `{"a":"${"y".repeat(8 << 20)}"}`;
  assert.deepEqual(await cut(`[${long},${A}]`, 65_536), [long, A]);
});

test("an event is handed out as soon as its line has ended", async () => {
  const long = `{"a":"${"y".repeat(100_000)}"}`;
  let sent = 0;
  async function* live() {
    for (const chunk of [
      `${A}\n{"b"`,
      ":1}\n",
      long.slice(0, 90_000),
      `${long.slice(90_000)}\n`,
      "{\n",
      '"c": 2\n}\n',
    ]) {
      sent += 1;
      yield Buffer.from(chunk);
    }
  }
  const seen = [];
  for await (const event of readEvents(live())) seen.push([sent, event.length]);
  assert.deepEqual(seen, [
    [1, A.length],
    [2, 7],
    [4, long.length],
    [6, 10],
  ]);
});

test("folders are walked in the order of names", async () => {
  const folder = mkdtempSync(join(tmpdir(), "oxpecker-"));
  const files = { "b/x.json.gz": gzipSync(`{"Records":[${B}]}`), "a.ndjson": A, "c.log": C, ".hidden.json": A };
  mkdirSync(join(folder, "b"));
  mkdirSync(join(folder, "CloudTrail-Digest"));
  for (const [name, content] of Object.entries({ ...files, "CloudTrail-Digest/d.json": A })) {
    writeFileSync(join(folder, name), content);
  }
  const read = async (...sources) => {
    const found = [];
    for await (const event of readEvents(sources)) found.push(Buffer.from(event).toString());
    return found;
  };
  assert.deepEqual(await read(folder, join(folder, "a.ndjson")), [A, B, C, A]);
  writeFileSync(join(folder, "notes.md"), "text");
  const [[warning]] = await Promise.all([once(process, "warning"), read(folder)]);
  assert.match(warning.message, /passed over .*notes\.md/);
  rmSync(folder, { recursive: true });
});

test("what cannot be read to its end is an error after what can", async () => {
  const whole = gzipSync(Array(5000).fill(A).join("\n"));
  const broken = [
    whole.subarray(0, -20),
    whole.subarray(0, -8),
    Buffer.concat([whole.subarray(0, -8), Buffer.alloc(8)]),
  ];
  for (const content of broken) {
    const found = [];
    await assert.rejects(async () => {
      for await (const event of readEvents(Readable.from([content]))) found.push(event);
    }, InputError);
    assert.ok(found.length > 0);
  }
  await assert.rejects(cut(Buffer.from("28b52ffd31323334", "hex")), /zstd/);
  await assert.rejects(readEvents("nowhere.ndjson").next(), { code: "ENOENT" });
});

test("reading goes on with the next file where errors are told", async () => {
  const errors = [];
  const found = [];
  const stream = (text) => Readable.from([Buffer.from(text)]);
  const sources = [stream(gzipSync(A).subarray(0, -3)), "nowhere.ndjson", stream(`[${B}`), stream(C)];
  for await (const event of readEvents(sources, { onError: (error) => errors.push(error) }))
    found.push(event.toString());
  assert.deepEqual(found, [A, B, C]);
  assert.deepEqual(
    errors.map((error) => error instanceof InputError),
    [true, true, true],
  );
  assert.match(errors[1].message, /^cannot read nowhere.ndjson: /);
});
