// The page as `oxpecker playground` serves it, and the links that `oxpecker explain` prints.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, open, root, settled, write } from "./support.mjs";

const cli = join(root, "target/release/oxpecker");
let browser, context, process_, url;
before(async () => {
  process_ = spawn(cli, ["playground", "--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
  url = await new Promise((resolve, reject) => {
    process_.stdout.on("data", (data) => resolve(String(data).trim()));
    process_.on("exit", (code) => reject(new Error(`oxpecker playground ended with ${code}`)));
  });
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
});
after(async () => {
  await browser?.close();
  process_.removeAllListeners("exit");
  process_.kill();
});

const ask = (options) =>
  new Promise((resolve, reject) => {
    const { port } = new URL(url);
    request({ host: "127.0.0.1", port, ...options }, (response) => {
      response.resume();
      response.on("end", () => resolve(response));
    })
      .on("error", reject)
      .end();
  });

test("the page runs under the policy that the command line sends", { timeout: 60_000 }, async () => {
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await open(context, url);
  await settled(page);
  await page.getByRole("button", { name: "Rules", exact: true }).click();
  await page.waitForSelector(".timeline");
  assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
  assert.deepEqual(page.problems, []);
  // Neither markup nor code from a text gets through.
  const blocked = await page.evaluate(() => {
    const script = document.createElement("script");
    const tries = [() => (document.createElement("div").innerHTML = "<b>x</b>"), () => (script.text = "1"), () => new Worker("data:text/javascript,1")];
    return tries.map((run) => {
      try {
        run();
        return "ran";
      } catch (error) {
        return error.name;
      }
    });
  });
  assert.deepEqual(blocked, ["TypeError", "TypeError", "TypeError"]);
  await page.close();
});

test("headers are strict, and nothing but the page is handed out", async () => {
  const page = await ask({ path: "/" });
  assert.equal(page.statusCode, 200);
  const policy = page.headers["content-security-policy"];
  assert.match(policy, /default-src 'none'/);
  assert.ok(!/unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)|\*|https?:/.test(policy), policy);
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  assert.equal((await ask({ path: "/../Cargo.toml" })).statusCode, 404);
  assert.equal((await ask({ path: "/%2e%2e/Cargo.toml" })).statusCode, 404);
  assert.equal((await ask({ path: "/", method: "POST" })).statusCode, 405);
  assert.equal((await ask({ path: "/", headers: { host: "evil.example" } })).statusCode, 421);
});

test("a link from the command line opens the rule, with the event only when asked", { timeout: 60_000 }, async () => {
  const file = join(mkdtempSync(join(tmpdir(), "playground-")), "event.json");
  writeFileSync(file, JSON.stringify({ eventVersion: "1.08", eventSource: "ssm.amazonaws.com", eventName: "StartSession", n: 1 }));
  const explain = (...more) => execFileSync(cli, ["explain", "--rule", "cloudtrail-ssm-start-session", "--link", "--playground", url, ...more], { encoding: "utf8" }).trim();
  const without = await open(context, explain("--event", file));
  await without.waitForFunction(() => document.querySelector(".editor").shadowRoot.textContent.includes("cloudtrail-ssm-start-session"));
  assert.equal(await without.locator(".row").count(), 0);
  await without.close();
  const page = await open(context, explain("--event", file, "--with-event"));
  await settled(page);
  await page.waitForSelector(".row.matched.selected");
  assert.match(await page.locator(".verdict").textContent(), /Matches/);
  await page.close();
});

test("the shipped rules raise the same alerts as on the command line", { timeout: 60_000 }, async () => {
  const printed = execFileSync(cli, ["replay", "--output", "ndjson", join(root, "rules/samples/cloudtrail.ndjson")], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const expected = printed.trimEnd().split("\n").map((line) => JSON.parse(line)).map((alert) => `${alert.title} ${alert.count}×`);
  const page = await open(context, url);
  await page.getByRole("button", { name: "Rules", exact: true }).click();
  await page.waitForFunction((count) => document.querySelectorAll(".alert-row").length === count, expected.length);
  const shown = await page.locator(".alert-row").evaluateAll((rows) => rows.map((row) => `${row.querySelector(".title").textContent} ${row.querySelector(".count").textContent}`));
  assert.deepEqual(shown.sort(), expected.sort());
  await page.close();
});

test("the same events match as on the command line", { timeout: 60_000 }, async () => {
  const filter = 'ip = "203.0.113.0/24" and (error != null or eventName starts_with "Get") and not userType = "Root"';
  const found = execFileSync(cli, ["eval", "-q", "--count", filter, join(root, "rules/samples/cloudtrail.ndjson")], { encoding: "utf8" });
  const page = await open(context, url);
  await page.getByLabel("Sample events").selectOption("day");
  await write(page, filter);
  await page.waitForFunction((count) => document.querySelector(".chip.matched b")?.textContent === count, String(Number(found)));
  await page.close();
});
