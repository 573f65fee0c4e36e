// The conformance corpus through the page's own module, in a real browser: the same files, and the same number of cases,
// as every other engine and host runs.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { cases, CASES, read } from "./corpus.mjs";
import { built, launch, root, serve } from "./support.mjs";

const engine = join(root, "plugins/playground/web/engine");

test("the corpus holds in the page's module", { timeout: 180_000 }, async () => {
  const asset = readdirSync(join(built, "assets")).find((name) => name.endsWith(".wasm"));
  assert.deepEqual(readFileSync(join(built, "assets", asset)), readFileSync(join(engine, "engine_bg.wasm")), "it is the page's module");
  const server = await serve(engine);
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(`${server.url}engine.js`);
  const paragraphs = read();
  const failures = await page.evaluate(async ({ url, paragraphs }) => {
    const engine = await import(`${url}engine.js`);
    await engine.default({ module_or_path: `${url}engine_bg.wasm` });
    const failures = [];
    for (const paragraph of paragraphs) {
      const fail = (what) => failures.push(`${paragraph.place}: ${paragraph.why}\n  ${what}`);
      const found = JSON.parse(engine.diagnose(paragraph.filter, paragraph.lists));
      if (paragraph.problems.length === 0 && found.errors) fail(`unexpected ${JSON.stringify(found.problems)}`);
      if (paragraph.problems.length > 0) {
        const same =
          found.problems.length === paragraph.problems.length &&
          found.problems.every(([code, under], place) => code === paragraph.problems[place][0] && [null, under].includes(paragraph.problems[place][1]));
        if (!same) fail(`problems ${JSON.stringify(found.problems)}, expected ${JSON.stringify(paragraph.problems)}`);
      }
      if (paragraph.canonical !== null && found.canonical !== paragraph.canonical) fail(`printed as ${found.canonical}`);
      for (const [expected, bytes] of paragraph.events) {
        const verdict = engine.verdict(paragraph.filter, paragraph.lists, paragraph.type ?? "", new Uint8Array(bytes));
        if (verdict !== expected) fail(`${expected} expected, ${verdict} for ${new TextDecoder().decode(new Uint8Array(bytes)).slice(0, 300)}`);
      }
    }
    return failures;
  }, { url: server.url, paragraphs });
  await browser.close();
  server.close();
  const ran = paragraphs.reduce((sum, paragraph) => sum + cases(paragraph), 0);
  console.log(`conformance: ${ran} cases in Chromium, ${failures.length} failed`);
  assert.deepEqual(failures, []);
  assert.equal(ran, CASES, "tests/conformance/CASES says how many cases there are");
});

test("the page is small: a megabyte of module and 400 kB of script, compressed", () => {
  const sizes = { ".wasm": 0, ".js": 0 };
  for (const name of readdirSync(join(built, "assets"))) {
    const kind = extname(name);
    if (kind in sizes) sizes[kind] += gzipSync(readFileSync(join(built, "assets", name)), { level: 9 }).length;
  }
  console.log(`compressed: ${Math.round(sizes[".wasm"] / 1000)} kB of module, ${Math.round(sizes[".js"] / 1000)} kB of script`);
  assert.ok(sizes[".wasm"] < 1_000_000 && sizes[".js"] < 400_000, JSON.stringify(sizes));
});
