// Pictures of the page at three widths, light and dark, into target/playground-pictures: for people to look at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, open, root, serve, settled } from "../tests/support.mjs";

const out = join(root, "target/playground-pictures");
mkdirSync(out, { recursive: true });
const server = await serve();
const browser = await launch();
const only = process.argv[2];
const scenes = {
  write: async () => {},
  miss: async (page) => {
    await page.locator(".row.none").first().click();
    await page.waitForSelector(".miss-box");
  },
  problem: async (page) => {
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText(" and usr startswith 'x'");
    await page.waitForSelector(".problems li");
  },
  file: async (page) => {
    await page.getByRole("button", { name: "Rule file" }).click();
    await page.getByRole("button", { name: "Make a test of it" }).click();
    await page.getByRole("tab", { name: /Alerts/ }).click();
    await page.waitForSelector(".timeline");
    await page.locator(".alert-row").first().click();
    await page.waitForTimeout(300);
  },
  rules: async (page) => {
    await page.getByRole("button", { name: "Rules", exact: true }).click();
    await page.waitForSelector(".rule-row .count");
    await page.waitForSelector(".timeline");
  },
  share: async (page) => {
    await page.getByRole("button", { name: "Share" }).click();
    await page.waitForSelector("dialog");
  },
  tour: async (page) => {
    await page.getByRole("button", { name: "Tour" }).click();
    await settled(page);
  },
};
for (const width of [360, 900, 1600]) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport: { width, height: width === 360 ? 740 : 900 }, colorScheme });
    for (const [name, act] of Object.entries(scenes)) {
      if (only && !`${name}-${width}-${colorScheme}`.match(only)) continue;
      const page = await open(context, server.url);
      await settled(page);
      await act(page);
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(out, `${name}-${width}-${colorScheme}.png`), fullPage: width < 940 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (wide) console.log(`${name}-${width}: wider than the screen`);
      if (page.problems.length > 0) console.log(`${name}-${width}-${colorScheme}:`, page.problems);
      const violations = await page.evaluate(() => globalThis.violations);
      if (violations.length > 0) console.log("policy:", violations);
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
server.close();
