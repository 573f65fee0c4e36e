// Large and hostile input: the page stays quick, and everything stays text.

import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chip, launch, open, root, serve, settled, write } from "./support.mjs";

let browser, context, server;
const folder = mkdtempSync(join(tmpdir(), "playground-"));
before(async () => {
  server = await serve();
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
});
after(async () => {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
});
const input = (page) => page.locator('input[type=file][aria-label="Files with events"]');
const day = readFileSync(join(root, "rules/samples/cloudtrail.ndjson"), "utf8");

test("hostile events stay text", { timeout: 90_000 }, async () => {
  const page = await open(context, server.url);
  const markup = '<img src=x onerror="globalThis.broken=1"><script>globalThis.broken=1</script>';
  const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
  const events = [
    JSON.stringify({ eventName: markup, userIdentity: { type: "IAMUser", userName: markup }, [markup]: markup, eventTime: "2026-01-01T00:00:00Z", eventVersion: "1.08" }),
    JSON.stringify({ eventName: "a\u0007\u001b[31m\u202ecod\u2066x", user: "\u200bx" }),
    deep,
    `{"eventName":"${"x".repeat(300_000)}"}`,
    '{"__proto__":{"broken":1},"constructor":1,"eventName":"proto"}',
  ];
  const file = join(folder, "hostile.ndjson");
  writeFileSync(file, events.join("\n"));
  await input(page).setInputFiles(file);
  await page.waitForFunction(() => /5 events|4 events/.test(document.querySelector(".status")?.textContent));
  await write(page, "eventName exists");
  await settled(page);
  await page.getByRole("button", { name: "Rule file" }).click();
  await page.getByRole("tab", { name: /Alerts/ }).click();
  await page.waitForSelector(".alert-row");
  for (const row of await page.locator(".alert-row").all()) await row.click();
  await page.getByRole("tab", { name: "Why" }).click();
  const count = await page.locator(".row").count();
  for (let row = 0; row < count; row++) {
    await page.locator(".row").nth(row).click();
    await page.waitForFunction((row) => document.querySelector(".event-head h3")?.textContent === `Event ${row + 1}`, row);
  }
  await page.locator(".row").nth(0).click();
  await page.waitForFunction(() => document.querySelector(".json")?.textContent.includes("<script>"));
  assert.equal(await page.locator(".json img, .row img, .json script").count(), 0);
  await page.locator(".row").nth(1).click();
  await page.waitForFunction(() => document.querySelector(".json")?.textContent.includes("⟨U+202E⟩"));
  const shown = await page.locator("main").textContent();
  assert.ok(!/[\u0007\u001b\u202e\u2066\u200b]/.test(shown), "no character that steers or hides");
  assert.ok((await chip(page, "rejected")) === 1, "10,000 levels are rejected");
  assert.equal(await page.evaluate(() => globalThis.broken), undefined);
  assert.equal(await page.evaluate(() => ({}).broken), undefined);
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("typing over 5,000 events is answered in 50 ms", { timeout: 90_000 }, async () => {
  const page = await open(context, server.url);
  const lines = day.trimEnd().split("\n");
  const file = join(folder, "five-thousand.ndjson");
  writeFileSync(file, Array.from({ length: 5000 }, (_, n) => lines[n % lines.length]).join("\n"));
  await input(page).setInputFiles(file);
  await page.waitForFunction(() => /^5,000 events/.test(document.querySelector(".status")?.textContent));
  await settled(page);
  await write(page, "");
  // What the page itself says it took, from the key press to the last verdict, and what the key press kept it from.
  const times = [];
  const blocked = [];
  await page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, entry.duration);
    }).observe({ type: "longtask" });
  });
  for (const key of 'eventSource = "ssm.amazonaws.com" and user like "ci"') {
    const answers = await page.locator(".status").getAttribute("data-answers");
    await page.keyboard.insertText(key);
    await page.waitForFunction(
      (answers) => document.querySelector(".status").dataset.answers !== answers || document.querySelector(".problems li.error"),
      answers,
    );
    const text = await page.locator(".status").textContent();
    const time = text.match(/evaluated in (\d+) ms/);
    if (time) times.push(Number(time[1]));
    blocked.push(await page.evaluate(() => globalThis.longest));
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  console.log(`5,000 events: median ${median} ms, worst ${times.at(-1)} ms; longest task of the page ${Math.max(...blocked)} ms`);
  const bound = Number(process.env.PLAYGROUND_TYPING_MS ?? 50);
  assert.ok(median <= bound, `${median} ms`);
  await page.close();
});

test("a file of 100 MB is read with progress, can be stopped, and does not freeze the page", { timeout: 240_000 }, async () => {
  const file = join(folder, "large.ndjson");
  const out = openSync(file, "w");
  while (statSync(file).size < 100 << 20) writeSync(out, day);
  closeSync(out);
  const page = await open(context, server.url);
  await write(page, 'eventName = "StartSession"');
  await page.evaluate(() => {
    globalThis.ticks = [];
    let last = performance.now();
    setInterval(() => {
      globalThis.ticks.push(performance.now() - last);
      last = performance.now();
    }, 20);
  });
  // The first time it is stopped on the way.
  await input(page).setInputFiles(file);
  await page.waitForFunction(() => {
    const bar = document.querySelector("progress");
    return bar && bar.value > 0.05 && bar.value < 0.95;
  });
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.waitForFunction(() => document.querySelector(".progress").children.length === 0);
  assert.match(await page.locator(".toast").last().textContent(), /Reading was stopped/);
  const began = Date.now();
  await input(page).setInputFiles(file);
  await page.waitForFunction(() => document.querySelector(".progress").children.length > 0);
  await page.waitForFunction(() => document.querySelector(".progress").children.length === 0, undefined, { timeout: 120_000 });
  const read = Date.now() - began;
  await page.waitForFunction(() => /evaluated in/.test(document.querySelector(".status").textContent), undefined, { timeout: 120_000 });
  const all = Number((await page.locator(".chip.all b").textContent()).replaceAll(",", ""));
  const copies = statSync(file).size / Buffer.byteLength(day);
  assert.equal(all, copies * day.trimEnd().split("\n").length);
  assert.equal(await chip(page, "matched"), copies * day.split("\n").filter((line) => line.includes('"StartSession"')).length);
  const stall = await page.evaluate(() => Math.max(...globalThis.ticks));
  console.log(`100 MB: ${all} events read in ${read} ms, evaluated after ${Date.now() - began} ms; longest pause of the page ${Math.round(stall)} ms`);
  assert.ok(stall < 1_000, `the page stood still for ${stall} ms`);
  assert.deepEqual(page.problems, []);
  await page.close();
});
