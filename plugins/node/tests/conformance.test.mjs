// The conformance corpus through this binding.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine, RuleError } from "oxpecker-wasm";
import { CASES, cases, read } from "./corpus.mjs";

test("the corpus holds", async () => {
  const failures = [];
  let count = 0;
  for (const paragraph of read()) {
    count += cases(paragraph);
    for (const what of await check(paragraph)) failures.push(`${paragraph.place}: ${paragraph.why}\n  ${what}`);
  }
  console.error(`conformance: ${count} cases in Node, ${failures.length} failed`);
  assert.deepEqual(failures, []);
  assert.equal(count, CASES, "tests/conformance/CASES says how many cases there are");
});

async function check({ filter, lists, event_type: eventType, events, problems, canonical }) {
  const options = { filters: filter, ...(lists && { lists }), ...(eventType && { eventType }), onReject() {} };
  let engine;
  try {
    engine = Engine.load(undefined, options);
  } catch (error) {
    if (error instanceof RuleError) return checkProblems(filter, problems, error.problems);
    throw error;
  }
  const failures = checkProblems(filter, problems, engine.report.problems);
  for (const [expected, event] of events) {
    const verdicts = [];
    for await (const verdict of engine.eval([event])) verdicts.push(told(verdict));
    if (verdicts.join() !== expected) failures.push(`${expected} expected, ${verdicts} for ${event}`);
  }
  // The ABI does not tell the canonical form; that it can be read is what can be asked of it.
  if (canonical !== undefined) Engine.load(undefined, { ...options, filters: canonical });
  return failures;
}

function told({ matched, undecided, reject }) {
  if (reject) return reject.code;
  return matched.length > 0 ? "yes" : undecided.length > 0 ? "undecided" : "no";
}

function checkProblems(filter, expected, found) {
  if (expected.length === 0) {
    const errors = found.filter(({ severity }) => severity === "error");
    return errors.length > 0 ? [`unexpected ${JSON.stringify(errors)}`] : [];
  }
  const codes = found
    .map(({ code }) => code)
    .sort()
    .join();
  const wanted = expected
    .map(([code]) => code)
    .sort()
    .join();
  const failures = codes === wanted ? [] : [`problems ${codes}, expected ${wanted}`];
  for (const [code, span] of expected) {
    if (span !== undefined && !found.some((problem) => problem.code === code && under(filter, problem) === span)) {
      failures.push(`no ${code} under ${JSON.stringify(span)}: ${JSON.stringify(found)}`);
    }
  }
  return failures;
}

/** The text under a problem; its columns are characters, not halves of them. */
function under(text, { line, column, end_line, end_column }) {
  const lines = text
    .split("\n")
    .slice(line - 1, end_line)
    .map((one) => [...one]);
  lines.push(lines.pop().slice(0, end_column - 1));
  lines[0] = lines[0].slice(column - 1);
  return lines.map((one) => one.join("")).join("\n");
}
