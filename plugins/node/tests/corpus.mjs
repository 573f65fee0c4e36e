// The conformance corpus as values, in the format that tests/conformance/README.md describes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = join(REPOSITORY, "tests/conformance");
export const CASES = Number(readFileSync(join(FOLDER, "CASES"), "utf8"));

export function read() {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".txt"))
    .sort();
  assert.ok(files.length >= 30, `only ${files.length} files of the corpus are here`);
  return files.flatMap(paragraphs);
}

export function cases({ events, problems, canonical }) {
  return events.length + (problems.length > 0 ? 1 : 0) + (canonical === undefined ? 0 : 1);
}

function paragraphs(name) {
  const [found, fields] = [[], []];
  let start = 0;
  const lines = readFileSync(join(FOLDER, name), "utf8").split("\n");
  for (const [index, line] of [...lines, ""].entries()) {
    if (line.startsWith("#")) continue;
    if (line.trim() === "") {
      if (fields.length > 0) found.push(paragraph(`${name}:${start}`, fields.splice(0)));
    } else if (line.startsWith(" ") || line.startsWith("\t")) {
      fields.at(-1)[1] += `\n${line}`;
    } else {
      if (fields.length === 0) start = index + 1;
      const colon = line.indexOf(":");
      assert.ok(colon > 0, `${name}:${index + 1}: no field`);
      fields.push([line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t\r]+$/g, "")]);
    }
  }
  return found;
}

function paragraph(place, fields) {
  const one = { place, events: [], problems: [] };
  for (const [field, value] of fields) {
    const [name, code] = field.split(" ");
    if (name === "filter") {
      one.filter = value.trimEnd().replace(/⟪(\d+)\|(.*?)⟫/gsu, (_, count, text) => text.repeat(Number(count)));
    } else if (name === "lists") one.lists = JSON.parse(value);
    else if (["why", "event_type", "canonical"].includes(name)) one[name] = value;
    else if (name === "problem") {
      const [, problem, span] = /^(\S+)(?: (.*))?$/s.exec(value);
      one.problems.push([problem, span && JSON.parse(span)]);
    } else if (["yes", "no", "undecided"].includes(name)) one.events.push([name, Buffer.from(value)]);
    else if (name === "reject") one.events.push([code, Buffer.from(value)]);
    else if (name === "reject-hex") one.events.push([code, Buffer.from(value.replace(/\s/g, ""), "hex")]);
    else assert.fail(`${place}: unknown field ${name}`);
  }
  assert.ok(one.why && cases(one) > 0, `${place}: not a whole case`);
  return one;
}
