// What a program sees of the engine: alerts, verdicts, rejects, windows, errors.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { ClosedError, Engine, NoRoomError, readEvents, RefusedError, RuleError, SHIPPED_RULES } from "oxpecker-wasm";
import { REPOSITORY } from "./corpus.mjs";

const SAMPLE = join(REPOSITORY, "rules/samples/cloudtrail.ndjson");
const RULES = `
ruleset: t
rules:
  - {id: twice, name: Twice, type: CloudTrail, severity: 1, description: d, filter: 'x = 1', aggregate: [y], threshold: 2}
`;
const EARLY = { x: 1, y: "k", time: "2026-01-01T00:00:00Z" };
const LATE = { x: 1, y: "k", time: "2026-01-01T00:10:00Z" };

async function all(iterable) {
  const found = [];
  for await (const one of iterable) found.push(one);
  return found;
}

/** What a warning of the process says, and what `work` gives. */
async function warning(work) {
  const [[told], value] = await Promise.all([once(process, "warning"), work()]);
  return [told.message, value];
}

describe("alerts", () => {
  test("an alert fires at its threshold and is final when flushed", () => {
    const engine = Engine.load(RULES);
    assert.deepEqual(engine.match(EARLY), []);
    const [fired, ...others] = engine.match([JSON.stringify(LATE), { x: 2 }]);
    assert.deepEqual(others, []);
    assert.deepEqual([fired.state, fired.count, fired.rule_id, fired.severity], ["fired", 2, "twice", 1]);
    assert.deepEqual([fired.first_seen, fired.aggregate], ["2026-01-01T00:00:00Z", { y: "k" }]);
    assert.deepEqual(
      fired.events.map(({ event }) => event),
      [EARLY, LATE],
    );
    assert.equal(JSON.stringify(fired), fired.line);
    assert.deepEqual(
      engine.flush().map(({ state, alert_id }) => [state, alert_id]),
      [["final", fired.alert_id]],
    );
    assert.deepEqual(engine.flush(), []);
    assert.deepEqual([engine.read, engine.evaluated, engine.rejected], [3, 3, 0]);
  });

  test("the tag of a shipper gives events their type", async () => {
    const typed = RULES.replace("rules:", "event_types: {'kube.*': kubernetes}\nrules:");
    const rules = typed.replace("x = 1", 'event_type = "kubernetes"').replace("threshold: 2", "threshold: 1");
    const engine = Engine.load(rules);
    assert.deepEqual(engine.match(EARLY), []);
    const types = engine.match(EARLY, { tag: "kube.audit" }).map((alert) => alert.event_type);
    assert.deepEqual(types, ["kubernetes"]);
    const matched = async (options) => (await all(engine.eval([EARLY], options))).map((verdict) => verdict.matched.length);
    assert.deepEqual(await matched({ tag: "kube.é" }), [1]);
    assert.deepEqual(await matched({}), [0]);
    assert.throws(() => engine.match(EARLY, { tag: "k".repeat(65536) }), RangeError);
  });

  test("a replay gives what the command line gives, byte for byte", async () => {
    const command = ["replay", "--quiet", "--output", "ndjson", SAMPLE];
    const expected = execFileSync(join(REPOSITORY, "target/release/oxpecker"), command, {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    const events = await all(readEvents(SAMPLE));
    const alerts = await Engine.load().replay(events.reverse());
    assert.equal(alerts.map(({ line }) => `${line}\n`).join(""), expected);
    assert.ok(alerts.length > 20);
  });

  test("windows are saved and restored", () => {
    const [one, other] = [Engine.load(RULES), Engine.load(RULES)];
    one.match(EARLY);
    assert.deepEqual(other.restore(one.save()), { windows: 1, dropped: 0 });
    assert.equal(other.match(LATE)[0].count, 2);
    assert.throws(
      () => other.restore(Buffer.from("{}")),
      (error) => error instanceof RefusedError && error.status === -8,
    );
    assert.equal(other.flush().length, 1, "a refused state changes nothing");
  });

  test("an event from the future has no time", () => {
    const rules = RULES.replace("threshold: 2", "threshold: 1");
    for (const [now, expected] of [
      [new Date("2025-12-01"), null],
      [1_767_225_600_000, EARLY.time],
    ]) {
      const seen = Engine.load(rules)
        .match(EARLY, { now })
        .map(({ first_seen }) => first_seen);
      assert.deepEqual([...new Set(seen)], [expected]);
    }
  });

  test("a stream gives alerts while it reads", async () => {
    const taken = [];
    async function* source() {
      for (const event of [EARLY, LATE, LATE]) {
        taken.push(event);
        yield event;
      }
    }
    const alerts = Engine.load(RULES).stream(source(), { batchBytes: 1 });
    assert.equal(taken.length, 0);
    assert.equal((await alerts.next()).value.count, 2);
    assert.equal(taken.length, 2);
  });
});

describe("verdicts", () => {
  test("filters and rules are told by name", async () => {
    const lists = { admins: ["root", 7], owners: { web: { team: "shop" } }, more: new Map([[5, "x"]]) };
    const engine = Engine.load(RULES, { filters: ["user = @admins", "user in @owners", "x = @more"], lists });
    const found = await all(engine.eval('{"user":"root"}\n{"user":7,"x":1}\n\n{"user":"web","x":5}\r\n{}\n'));
    const matched = [["filter 1"], ["twice", "filter 1"], ["filter 2", "filter 3"], []];
    assert.deepEqual(
      found.map((verdict) => verdict.matched),
      matched,
    );
    assert.equal(Buffer.from(found[2].event).toString(), '{"user":"web","x":5}');
    assert.equal(engine.stats().rules[1].matched, 2);
  });

  test("verdicts are the same whatever the batches", async () => {
    const events = Array.from({ length: 500 }, (_, number) => ({ a: number % 7, b: number }));
    const expected = events.map(({ a, b }) => (a === 3 ? 1 : 0) + (b > 250 ? 1 : 0) + (a === 3 && b > 250 ? 1 : 0));
    const engine = Engine.load(undefined, { filters: ["a = 3", "b > 250", "a = 3 and b > 250"] });
    for (const batchBytes of [1, 1000, 1 << 20]) {
      const found = await all(engine.eval(events, { batchBytes }));
      assert.deepEqual(
        found.map(({ matched }) => matched.length),
        expected,
      );
    }
  });

  test("undecided is told", async () => {
    const requestParameters = { omitted: true, originalSize: 9, reason: "too large" };
    const event = { eventVersion: "1.08", eventSource: "s3.amazonaws.com", eventName: "GetObject", requestParameters };
    const engine = Engine.load(undefined, { filters: "requestParameters.bucketName = 'b'" });
    const [verdict] = await all(engine.eval(event));
    assert.deepEqual([verdict.matched, verdict.undecided], [[], ["filter 1"]]);
    assert.equal(engine.undecided, 1);
  });
});

describe("rejects", () => {
  const EVENTS = [
    '{"x":1}',
    '{"x":',
    "no",
    '{"x":"\ud800"}',
    { x: "\ud800" },
    "[1]",
    Buffer.from('{"x":\xff}', "latin1"),
  ];

  test("rejects are counted, kept and told by a warning", async () => {
    const engine = Engine.load(RULES);
    const [message] = await warning(() => engine.match(EVENTS));
    assert.match(message, /^events rejected: 6; the last one: invalid-utf8 at byte 5/);
    assert.deepEqual([engine.read, engine.evaluated, engine.rejected], [7, 1, 6]);
    const codes = ["invalid-json", "invalid-json", "invalid-utf8", "lone-surrogate", "not-an-object", "invalid-utf8"];
    assert.deepEqual(
      engine.rejects.map(({ code }) => code),
      codes,
    );
    assert.deepEqual([engine.rejects[0].index, Buffer.from(engine.rejects[0].event).toString()], [1, '{"x":']);
    assert.equal(engine.stats().rejected, 6);
  });

  test("a callback gets each reject with its place in the call", async () => {
    const told = [];
    const engine = Engine.load(RULES, { onReject: (reject) => told.push(reject) });
    const three = EVENTS.slice(0, 3);
    await all(engine.stream([...three, ...three], { batchBytes: 8 }));
    assert.deepEqual(
      told.map(({ index }) => index),
      [1, 2, 4, 5],
    );
    const [verdict] = await all(engine.eval("no"));
    assert.equal(verdict.reject, told.at(-1));
    for (let more = 0; more < 40; more += 1) engine.match(three);
    assert.deepEqual([engine.rejects.length, engine.rejected], [85, 85]);
    for (let more = 0; more < 40; more += 1) engine.match(three);
    assert.deepEqual([engine.rejects.length, engine.rejected], [100, 165]);
  });

  test("what is no event is an error of the program", async () => {
    assert.throws(() => Engine.load(RULES).match(readEvents(SAMPLE)), /for stream, eval and replay/);
    for (const wrong of [
      NaN,
      null,
      undefined,
      new Uint16Array(1),
      new Map(),
      Promise.resolve({}),
      readEvents(SAMPLE),
    ]) {
      assert.throws(() => Engine.load(RULES).match([wrong]), TypeError);
      await assert.rejects(() => Engine.load(RULES).replay([wrong]), TypeError);
    }
  });

  test("an event of any length is rejected and not carried over", () => {
    const huge = Buffer.alloc(300 << 20, "a");
    const told = [];
    const engine = Engine.load(RULES, { onReject: (reject) => told.push(reject) });
    engine.match([huge, EARLY]);
    assert.deepEqual(
      told.map(({ code, event }) => [code, event.length]),
      [["too-large", huge.length]],
    );
    assert.equal(engine.evaluated, 1);
    assert.ok(engine.memoryBytes < 64 << 20);
  });
});

describe("loading", () => {
  test("rules come from paths, texts and objects", () => {
    const folder = mkdtempSync(join(tmpdir(), "oxpecker-"));
    mkdirSync(join(folder, "sub"));
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "sub/a.yaml"), RULES);
    writeFileSync(join(folder, ".hidden.yaml"), "nonsense");
    const file = join(folder, "sub/a.yaml");
    for (const rules of [RULES, { "a.yaml": RULES }, folder, file, pathToFileURL(file), [RULES]]) {
      assert.deepEqual(Engine.load(rules).report.rule_ids, ["twice"]);
    }
    const others = [RULES.replace("twice", "other"), RULES.replace("twice", "third")];
    assert.deepEqual(Engine.load([folder, ...others]).report.rule_ids, ["twice", "other", "third"]);
    for (const missing of ["nowhere.yaml", join(folder, "empty")]) {
      assert.throws(() => Engine.load(missing), { code: "ENOENT" });
    }
    for (const nothing of [[], {}]) assert.throws(() => Engine.load(nothing), /no rules/);
    assert.throws(() => Engine.load(undefined, { filters: "a = @b", lists: { b: [null] } }), /lists hold texts/);
    rmSync(folder, { recursive: true });
  });

  test("mistakes are told with their places", async () => {
    const broken = { "mine.yaml": RULES.replace("x = 1", "x startswith 1") };
    assert.throws(
      () => Engine.load(broken),
      (error) => {
        assert.ok(error instanceof RuleError);
        const [{ file, line, code }] = error.problems;
        assert.deepEqual([file, line, code], ["mine.yaml", 4, "unknown-operator"]);
        assert.match(error.message, /1 error:\n {2}mine.yaml:4:\d+: error\[unknown-operator\]: .*starts_with/);
        return true;
      },
    );
    const [message, engine] = await warning(() => Engine.load([broken, RULES], { lenient: true }));
    assert.match(message, /^left out: mine.yaml:4/);
    assert.deepEqual(engine.report.rule_ids, ["twice"]);
  });

  test("module and shipped rules are in the package", () => {
    const module = readFileSync(join(SHIPPED_RULES, "../oxpecker.wasm"));
    assert.ok(module.equals(readFileSync(join(REPOSITORY, "target/oxpecker.wasm"))));
    assert.ok(Engine.load().report.rules > 30);
  });
});

describe("life", () => {
  test("a closed engine says so", () => {
    const engine = Engine.load(RULES);
    engine.close();
    engine.close();
    assert.throws(() => engine.match(EARLY), ClosedError);
  });

  test("memory stays flat", async () => {
    const events = await all(readEvents(SAMPLE));
    const engine = Engine.load();
    for (let run = 0; run < 20; run += 1) await engine.replay(events);
    const before = engine.memoryBytes;
    for (let run = 0; run < 40; run += 1) await engine.replay(events);
    assert.equal(engine.memoryBytes, before);
  });

  test("a request beyond the memory is refused and the engine goes on", () => {
    const engine = Engine.load(RULES);
    // Lengths are i32 in the ABI, and blocks have at most that many bytes.
    const endless = { length: 2 ** 31, subarray() {} };
    assert.throws(() => engine.restore(endless), NoRoomError);
    assert.equal(engine.match([EARLY, LATE])[0].count, 2);
  });
});

test("the package's version is the repository's", () => {
  const here = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.ok(readFileSync(join(REPOSITORY, "Cargo.toml"), "utf8").includes(`\nversion = "${here.version}"\n`));
});
