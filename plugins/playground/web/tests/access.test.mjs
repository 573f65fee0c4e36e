// Accessibility by axe's rules, in light and dark, wide and narrow; and no layout is wider than its screen.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, open, serve, settled } from "./support.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser, server;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser.close();
  server.close();
});

const SCENES = {
  why: async (page) => {
    await page.locator(".row.none").first().click();
    await page.waitForSelector(".miss-box");
  },
  problems: async (page) => {
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText(" and usr startswith 'x'");
    await page.waitForSelector(".problems li");
  },
  alerts: async (page) => {
    await page.getByRole("button", { name: "Rule file" }).click();
    await page.getByRole("tab", { name: /Alerts/ }).click();
    await page.locator(".alert-row").first().click();
    await page.waitForSelector(".suppress");
    await page.locator(".suppress summary").click();
  },
  rules: async (page) => {
    await page.getByRole("button", { name: "Rules", exact: true }).click();
    await page.waitForSelector(".rule-row .count");
    const severity = page.locator('.tune [name="severity"]');
    await severity.selectOption((await severity.inputValue()) === "3" ? "2" : "3");
    await page.waitForSelector(".effect");
  },
  share: async (page) => {
    await page.getByRole("button", { name: "Share" }).click();
    await page.waitForSelector("dialog");
  },
};

for (const [width, colorScheme] of [[1400, "light"], [1400, "dark"], [360, "light"]]) {
  test(`axe finds nothing at ${width} pixels, ${colorScheme}`, { timeout: 120_000 }, async () => {
    // The page's policy lets no foreign script in; this one is ours to let in.
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    for (const [name, act] of Object.entries(SCENES)) {
      const page = await open(context, server.url);
      await settled(page);
      await act(page);
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      const told = found.violations.map((one) => `${name}: ${one.id}: ${one.help}\n${one.nodes.slice(0, 4).map((node) => `  ${node.html.slice(0, 160)}\n  ${node.failureSummary}`).join("\n")}`);
      assert.deepEqual(told, []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
      await page.close();
    }
    await context.close();
  });
}
