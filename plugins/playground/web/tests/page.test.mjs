// The page as a person uses it, in a real browser: each thing it promises, once.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { chip, launch, open, serve, settled, write } from "./support.mjs";

let browser, context, server;
before(async () => {
  server = await serve();
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
});
after(async () => {
  await browser.close();
  server.close();
});

/** A page for one test; whatever went wrong on it fails the test. */
const on = (name, run, path = "") =>
  test(name, { timeout: 120_000 }, async () => {
    const page = await open(context, server.url + path);
    try {
      await run(page);
      assert.deepEqual(await page.evaluate(() => globalThis.violations), [], "the policy holds");
      assert.deepEqual(page.problems, []);
      const elsewhere = page.requests.filter((url) => !url.startsWith(server.url) && !url.startsWith("blob:"));
      assert.deepEqual(elsewhere, [], "no request to any other host");
    } finally {
      await page.close();
    }
  });

const folder = mkdtempSync(join(tmpdir(), "playground-"));
const file = (name, content) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
/** Waits for a text: the page shows what the worker answers a moment after it is asked. */
const shows = async (locator, wanted) => {
  const end = Date.now() + 15_000;
  while (!wanted.test((await locator.textContent()) ?? "") && Date.now() < end) await new Promise((wake) => setTimeout(wake, 50));
  assert.match((await locator.textContent()) ?? "", wanted);
};
const load = async (page, ...files) => {
  // What is told of the events before must not be taken for what is told of these.
  await settled(page);
  await page.evaluate(() => (document.querySelector(".status").textContent = ""));
  await page.locator('input[type=file][aria-label="Files with events"]').setInputFiles(files);
  await page.waitForFunction(() => document.querySelector(".progress")?.children.length === 0);
  await settled(page);
};
const event = (name, more = {}) => ({ eventVersion: "1.08", eventSource: "ssm.amazonaws.com", eventName: name, eventTime: "2026-01-31T12:00:00Z", ...more });
const lines = (events) => events.map((event) => JSON.stringify(event)).join("\n");

describe("the editor", () => {
  on("colours are the engine's tokens", async (page) => {
    await write(page, 'lower(user) = "x" and not port in (22, @l) # why');
    const classes = await page.locator(".cm-line span[class^=ox-]").evaluateAll((all) => all.map((span) => `${span.textContent}:${span.className}`));
    assert.deepEqual(classes.slice(0, 4), ["lower:ox-function", "(:ox-punctuation", "user:ox-key", "):ox-punctuation"]);
    assert.ok(classes.includes("not:ox-connective") && classes.includes("@l:ox-list") && classes.includes("# why:ox-comment"), classes.join(" "));
  });

  on("a problem is underlined, explained, and mended by one click", async (page) => {
    await write(page, 'eventName startswith "Start"');
    await page.waitForSelector(".cm-lintRange-error");
    const problem = page.locator(".problems li.error");
    assert.match(await problem.textContent(), /`startswith` is no operator.*did you mean `starts_with`/);
    await shows(page.locator(".status"), /verdicts of the last text without errors/);
    await problem.getByRole("button", { name: "Change to starts_with" }).click();
    await settled(page);
    assert.equal(await page.locator(".cm-content").textContent(), 'eventName starts_with "Start"');
    assert.equal(await chip(page, "matched"), 5);
    assert.equal(await page.locator(".cm-lintRange-error").count(), 0);
  });

  on("keys and values are completed from the loaded events", async (page) => {
    await write(page, "");
    await page.keyboard.type("eventNa");
    await page.waitForSelector(".cm-tooltip-autocomplete");
    const first = page.locator(".cm-tooltip-autocomplete li").first();
    assert.match(await first.textContent(), /^eventName100 %/);
    await page.waitForTimeout(120);
    await page.keyboard.press("Tab");
    await page.keyboard.type(' = "Send');
    const value = page.locator(".cm-tooltip-autocomplete li", { hasText: '"SendCommand"' });
    await value.waitFor();
    await page.waitForTimeout(120);
    await page.keyboard.press("Tab");
    assert.equal(await page.locator(".cm-content").textContent(), 'eventName = "SendCommand"');
    await page.keyboard.type(" ");
    await page.keyboard.press("Control+Space");
    await page.locator(".cm-tooltip-autocomplete li", { hasText: "and" }).first().waitFor();
  });

  on("pointing at a key says what it means and how often it is there", async (page) => {
    await page.locator(".cm-line span.ox-key", { hasText: "mfaUsed" }).hover();
    const tip = page.locator(".ox-hover");
    await tip.waitFor();
    assert.match(await tip.textContent(), /mfaUsed.*second factor.*events looked at/);
  });

  on("a key press formats", async (page) => {
    await write(page, "user='root'   AND eventName=\"x\"");
    await page.keyboard.press("Control+Enter");
    assert.equal(await page.locator(".cm-content").textContent(), 'user = "root" and eventName = "x"');
    // In a rule file, the filter that the cursor is in.
    await write(page, "user='root'   AND eventName='x'");
    await page.getByRole("button", { name: "Rule file" }).click();
    await page.locator(".cm-line", { hasText: "user='root'" }).click();
    await page.keyboard.press("Control+Enter");
    await page.locator(".cm-line", { hasText: 'user = "root" and eventName = "x"' }).waitFor();
  });

  on("a rule file shows its filters in the engine's colours and its problems by line", async (page) => {
    await page.getByRole("button", { name: "Rule file" }).click();
    await page.locator(".cm-line span.ox-key", { hasText: "eventSource" }).first().waitFor();
    await page.keyboard.press("Control+Home");
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("    titel: x\n");
    await page.waitForSelector(".problems li.error");
    await shows(page.locator(".problems li.error").first(), /line 15: unknown field `titel`.*title/);
  });
});

describe("events", () => {
  on("files of every form, several at once", async (page) => {
    await write(page, 'eventName = "A"');
    await load(
      page,
      file("a.ndjson", `${lines([event("A"), event("B")])}\nnot json\n`),
      file("b.json", JSON.stringify({ Records: [event("A"), event("C")] })),
      file("c.json.gz", gzipSync(JSON.stringify([event("A")], null, 2))),
    );
    assert.equal(await chip(page, "matched"), 3);
    assert.equal(await chip(page, "none"), 2);
    await shows(page.locator(".status"), /5 events, 1 rejected/);
    await shows(page.locator(".status details"), /a\.ndjson: line 3.*not json/);
  });

  on("pasted events, and a filter by what came of them", async (page) => {
    await page.getByRole("button", { name: "Paste" }).click();
    await page.getByLabel("Events as JSON").fill(lines([event("A"), event("StartSession"), event("B")]));
    await page.getByRole("button", { name: "Load" }).click();
    await write(page, 'eventName = "StartSession"');
    await page.waitForFunction(() => document.querySelector(".chip.matched b")?.textContent === "1");
    await page.locator(".chip.none").click();
    assert.equal(await page.locator(".row").count(), 2);
    await page.locator(".chip.matched").click();
    assert.deepEqual(await page.locator(".row .what").allTextContents(), ["StartSession"]);
  });

  on("each sample comes with a filter that matches some of it", async (page) => {
    await write(page, "");
    for (const id of ["ecr", "ssm", "login", "host", "kubernetes", "day"]) {
      await page.getByLabel("Sample events").selectOption(id);
      await page.waitForFunction((id) => document.querySelector(".events select").value === id, id);
      await settled(page);
      // Some match and some do not. Events of a sample that is fetched come a little later, so this is waited for.
      await page.waitForFunction(() =>
        ["matched", "none"].every((name) => Number(document.querySelector(`.chip.${name} b`)?.textContent.replaceAll(",", "")) > 0),
      );
    }
  });

  on("the list is walked by keyboard, and only its window is drawn", async (page) => {
    await load(page, file("many.ndjson", lines(Array.from({ length: 5000 }, (_, n) => event(`N${n}`)))));
    await page.locator(".rows").focus();
    await page.keyboard.press("End");
    await page.waitForFunction(() => document.querySelector(".row.selected .what")?.textContent === "N4999");
    await page.keyboard.press("ArrowUp");
    await page.waitForFunction(() => document.querySelector(".row.selected .what")?.textContent === "N4998");
    assert.ok((await page.locator(".row").count()) < 100);
    // The event beside the list is fetched from the worker, and comes a moment later.
    await page.waitForFunction(() => /Event 4999/.test(document.querySelector(".event-head h3")?.textContent ?? ""));
  });
});

describe("why", () => {
  on("the tree says what each condition found, and marks the values", async (page) => {
    await page.locator(".row.matched").click();
    const nodes = page.locator(".tree .node.match");
    assert.equal(await nodes.count(), 5);
    await shows(page.locator(".verdict"), /Matches/);
    const hits = await page.locator(".json .hit").allTextContents();
    assert.deepEqual(hits, ['"false"', '"ssm.amazonaws.com"', '"StartSession"']);
  });

  on("a non-match names the nearest miss", async (page) => {
    await page.locator(".row.none", { hasText: "ada" }).first().click();
    await page.waitForSelector(".miss-box");
    await shows(page.locator(".miss-box"), /one condition.*mfaUsed != "true"found "true"/);
    assert.deepEqual(await page.locator(".json .miss").allTextContents(), ['"true"']);
  });

  on("numbers beyond 2^53 are shown as they are", async (page) => {
    await page.getByLabel("Sample events").selectOption("host");
    await settled(page);
    await write(page, "inode > 9223372036854775000 and inode <= 9223372036854775001");
    await page.waitForFunction(() => document.querySelector(".chip.matched b")?.textContent === "1");
    await page.locator(".row.matched").click();
    await page.waitForFunction(() => document.querySelector(".json .hit")?.textContent === "9223372036854775001");
    await shows(page.locator(".tree"), /9223372036854775001/);
  });

  on("a value that is clicked is asked for", async (page) => {
    await write(page, "");
    await page.waitForFunction(() => /nothing is asked/.test(document.querySelector(".status").textContent));
    assert.equal(await chip(page, "none"), 0);
    await page.locator(".row").nth(3).click();
    await page.waitForFunction(() => document.querySelector(".event-head h3")?.textContent === "Event 4");
    await page.locator(".json .j-text", { hasText: '"DescribeInstanceInformation"' }).click();
    await page.waitForFunction(() => document.querySelector(".chip.matched b")?.textContent === "2");
    assert.equal(await page.locator(".cm-content").textContent(), 'eventName = "DescribeInstanceInformation"');
  });
});

describe("alerts", () => {
  const loud = async (page) => {
    await page.getByLabel("Sample events").selectOption("login");
    await write(page, 'eventName = "ConsoleLogin"');
    await page.getByRole("button", { name: "Rule file" }).click();
    await page.getByRole("tab", { name: /Alerts/ }).click();
    await page.waitForSelector(".timeline .alert");
  };

  on("are on a time line by a field, with their records and their events one by one", async (page) => {
    await loud(page);
    assert.deepEqual(await page.locator(".number b").allTextContents(), ["8", "0", "5"]);
    await page.getByLabel("Lanes by").selectOption("user");
    assert.ok((await page.locator(".lane-name").allTextContents()).some((name) => name.startsWith("bob")));
    await page.locator(".alert-row", { hasText: "bob" }).click();
    await page.waitForSelector(".stepper");
    await shows(page.locator(".stepper"), /event 1 of 4/);
    await page.getByRole("button", { name: "Event after" }).click();
    await page.waitForFunction(() => /event 2 of 4/.test(document.querySelector(".stepper").textContent));
    assert.ok((await page.locator(".around li.part").count()) >= 2);
    await page.getByText("The alert record").click();
    await shows(page.getByLabel("Alert record"), /"threshold": 1/);
  });

  on("say what a suppression would hide before it is added", async (page) => {
    await loud(page);
    await page.locator(".alert-row", { hasText: "bob" }).click();
    await page.getByText("Silence alerts like this one").click();
    assert.equal(await page.getByLabel("Suppression").inputValue(), 'user = "bob" and ip = "198.51.100.9"');
    await page.getByRole("button", { name: "What would it hide?" }).click();
    await page.waitForSelector(".effect .lost");
    await shows(page.locator(".effect"), /5 → 4 alerts.*Lost 1/s);
    await page.getByRole("button", { name: "Add it to the rule" }).click();
    await page.waitForFunction(() => document.querySelector(".chip.suppressed b")?.textContent === "4");
    await page.getByRole("tab", { name: "Why" }).click();
    await page.locator(".chip.suppressed").click();
    await page.locator(".row.suppressed").first().click();
    await page.waitForSelector(".suppression.hides");
  });
});

describe("tests", () => {
  on("one click makes a test of an event, and the page runs it as the command line does", async (page) => {
    await page.locator(".row.matched").click();
    await page.getByRole("button", { name: "Make a test of it" }).click();
    await page.getByRole("tab", { name: /Tests 1\/1/ }).click();
    await shows(page.locator(".results li.passed"), /event 12 gives alert/);
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+Home");
    // The rule asks for another call from now on.
    const line = page.locator(".cm-line", { hasText: 'eventName = "StartSession"' }).first();
    await line.click();
    await page.keyboard.press("End");
    await page.keyboard.insertText(' and eventName = "Other"');
    await page.waitForSelector(".results li.failed");
    await shows(page.locator(".failure"), /expected alert, got nothing.*eventName = "Other" is false/);
  });
});

describe("sharing", () => {
  on("a link opens the same text, sample and event elsewhere", async (page) => {
    await page.locator(".row.none", { hasText: "SendCommand" }).click();
    await write(page, 'eventName = "SendCommand"');
    await page.getByRole("button", { name: "Share" }).click();
    const link = await page.getByLabel("Link without events").inputValue();
    assert.equal(await page.getByText("With the events").count(), 0);
    const other = await open(context, link);
    await settled(other);
    assert.equal(await other.locator(".cm-content").textContent(), 'eventName = "SendCommand"');
    assert.equal(await other.locator(".row.selected .what").textContent(), "SendCommand");
    await other.close();
  });

  on("own events are in a link only when asked, and the page says so", async (page) => {
    await load(page, file("own.ndjson", lines([event("Own"), event("Secret", { n: "s3cr3t" })])));
    await page.getByRole("button", { name: "Share" }).click();
    const without = await page.getByLabel("Link without events").inputValue();
    await shows(page.locator("dialog"), /2 events travel inside this link/);
    await page.getByRole("button", { name: "Make a link with the events" }).click();
    const link = await page.getByLabel("Link with events").inputValue();
    const opened = await open(context, without);
    await opened.waitForSelector(".empty");
    assert.equal(await opened.locator(".row").count(), 0);
    await opened.close();
    const other = await open(context, link);
    await settled(other);
    assert.deepEqual(await other.locator(".row .what").allTextContents(), ["Own", "Secret"]);
    await other.close();
  });

  on("a broken link is said, and the page works on", async (page) => {
    await page.waitForSelector(".toast.error");
    await shows(page.locator(".toast.error"), /The link cannot be read/);
    await settled(page);
  }, "#s=AAAA");

  on("the rule file is exported and imported", async (page) => {
    await page.getByRole("button", { name: "Rule file" }).click();
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);
    const text = readFileSync(await saved.path(), "utf8").replace("My rule", "Imported rule");
    await page.locator('input[aria-label="Rule file"]').setInputFiles(file("mine.yaml", text));
    await page.waitForFunction(() => document.querySelector(".editor").shadowRoot.textContent.includes("Imported rule"));
  });
});

describe("the rules", () => {
  on("are found, changed, held against the events, and exported as an overlay", async (page) => {
    await page.getByRole("button", { name: "Rules", exact: true }).click();
    await page.waitForSelector(".rule-row .count");
    const all = await page.locator(".rule-row").count();
    await page.getByLabel("Service").selectOption("ecr");
    await page.getByLabel("Severity").first().selectOption("1");
    assert.ok((await page.locator(".rule-row").count()) < all);
    await page.getByLabel("Service").selectOption("");
    await page.getByLabel("Severity").first().selectOption("");
    await page.locator(".rule-row", { hasText: "SSM Information Discovery" }).click();
    await page.locator('.tune [name="severity"]').selectOption("1");
    await page.waitForSelector(".effect .louder");
    await page.locator('.tune [name="threshold"]').fill("5");
    await page.waitForSelector(".effect .lost");
    await shows(page.getByLabel("The change as YAML"), /^tune:\n {2}- rule: cloudtrail-ssm-information-discovery\n {4}severity: 1\n {4}threshold: 5\n$/);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export the overlay" }).click()]);
    assert.match(saved.suggestedFilename(), /^tuning-.*\.yaml$/);
    await page.locator('.tune [name="window"]').fill("nonsense");
    await page.waitForSelector(".outcome .failure");
  });

  on("a changed filter is a rule of its own; the shipped one opens in the editor", async (page) => {
    await page.getByRole("button", { name: "Rules", exact: true }).click();
    await page.waitForSelector(".rule-row .count");
    await page.locator(".rule-row", { hasText: "SSM Start Session" }).click();
    await page.locator('.tune [name="filter"]').fill('eventName = "StartSession" and user = "nobody"');
    await page.waitForSelector(".effect .lost");
    await shows(page.getByLabel("The change as YAML"), /user = "nobody"/);
    await page.getByRole("button", { name: "Open in the editor" }).click();
    await page.waitForFunction(() => document.querySelector(".editor").shadowRoot.textContent.includes("cloudtrail-ssm-start-session"));
    await shows(page.locator(".writing header"), /1 rule/);
  });
});

describe("for everyone", () => {
  on("the tour has six examples that match something", async (page) => {
    await page.getByRole("button", { name: "Tour" }).click();
    for (let step = 1; step <= 6; step++) {
      await page.waitForFunction((step) => document.querySelector(".tour h2")?.textContent.startsWith(`${step} of 6`), step);
      await settled(page);
      await page.waitForFunction(() => Number(document.querySelector(".chip.matched b")?.textContent) > 0);
      if (step < 6) await page.getByRole("button", { name: "Next" }).click();
    }
    await page.locator(".tour").getByRole("button", { name: "Close" }).click();
    assert.equal(await page.locator(".tour").isVisible(), false);
  });

  on("F6 goes through the parts of the page", async (page) => {
    await page.locator(".cm-content").click();
    const where = () => page.evaluate(() => document.activeElement.className || document.activeElement.role);
    await page.keyboard.press("F6");
    assert.equal(await where(), "rows");
    await page.keyboard.press("F6");
    assert.equal(await page.evaluate(() => document.activeElement.role), "tab");
    await page.keyboard.press("F6");
    assert.equal(await where(), "editor");
  });

  on("an engine that breaks is started again, with the events", async (page) => {
    await page.workers()[0].evaluate(() => void setTimeout(() => { throw new Error("broken on purpose"); }));
    await page.waitForSelector(".toast.error");
    await shows(page.locator(".toast.error"), /The engine stopped.*broken on purpose.*started again/);
    await page.waitForSelector(".row.matched");
    await settled(page);
    await write(page, 'eventName = "SendCommand"');
    await page.waitForFunction(() => document.querySelector(".chip.matched b")?.textContent === "1");
    await page.locator(".toast.error button").click();
    assert.equal(await page.locator(".toast").count(), 0);
    page.problems.length = 0;
  });

  test("a page without its engine says so and turns no spinner", { timeout: 30_000 }, async () => {
    const page = await context.newPage();
    await page.route("**/*.wasm", (route) => route.abort());
    await page.goto(server.url);
    await page.waitForSelector(".fatal");
    await shows(page.locator(".fatal"), /could not start/);
    assert.equal(await page.locator("#app[aria-busy]").count(), 0);
    await page.close();
  });
});
