// docs/node.md is true: its files are written, its programs run, and what they print is compared.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { REPOSITORY } from "./corpus.mjs";

const PAGE = readFileSync(join(REPOSITORY, "docs/node.md"), "utf8");
const FILE = /as `([^`\n]+)`:\n\n```\w+\n(.*?)^```$/gms;
const PROGRAM = /^```js\n(.*?)^```$/gms;
const SESSION = /^```console\n\$ node (\S+)\n(.*?)^```$/gms;
// The package as it is installed, where the test script says so; else this folder.
const PACKAGE = process.env.OXPECKER_PACKAGE ?? fileURLToPath(new URL("..", import.meta.url));

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "oxpecker-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PACKAGE, join(folder, "node_modules/oxpecker-wasm"));
  for (const [, name, content] of PAGE.matchAll(FILE)) write(name, content);
});
after(() => rmSync(folder, { recursive: true }));

function write(name, content) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

function run(name) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [name], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(status, 0, `${name}:\n${stderr}`);
  return stdout;
}

test("sessions print what the page says", () => {
  const sessions = [...PAGE.matchAll(SESSION)];
  assert.equal(sessions.length, 1);
  for (const [, name, printed] of sessions) assert.equal(run(name), printed);
});

test("every program runs", () => {
  const programs = [...PAGE.matchAll(PROGRAM)];
  assert.equal(programs.length, 4);
  for (const [number, [, program]] of programs.entries()) {
    write(`program${number}.mjs`, program);
    run(`program${number}.mjs`);
  }
});

test("links lead somewhere", () => {
  for (const [, target] of PAGE.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith("http")) continue;
    const [name, heading = ""] = target.split("#");
    const page = readFileSync(join(REPOSITORY, "docs", name || "node.md"), "utf8");
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    );
    assert.ok(heading === "" || headings.includes(heading), target);
  }
});
