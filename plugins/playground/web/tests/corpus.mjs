// The conformance corpus as values: tests/conformance/*.txt, in the format that its README describes.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./support.mjs";

const folder = join(root, "tests/conformance");

/** How many cases there are, and every engine and host runs. */
export const CASES = Number(readFileSync(join(folder, "CASES"), "utf8"));

/** The paragraphs; events as arrays of bytes. */
export function read() {
  const files = readdirSync(folder).filter((name) => name.endsWith(".txt")).sort();
  return files.flatMap((name) => paragraphs(name, readFileSync(join(folder, name), "utf8")));
}

export const cases = (paragraph) => paragraph.events.length + (paragraph.problems.length > 0) + (paragraph.canonical !== null);

function paragraphs(name, text) {
  const all = [];
  let fields = [];
  let start = 0;
  [...text.split("\n"), ""].forEach((line, number) => {
    if (line.startsWith("#")) return;
    if (line.trim() === "") {
      if (fields.length > 0) all.push(paragraph(`${name}:${start}`, fields));
      fields = [];
    } else if (/^[ \t]/.test(line)) {
      fields.at(-1)[1] += `\n${line}`;
    } else {
      if (fields.length === 0) start = number + 1;
      const at = line.indexOf(":");
      if (at < 0) throw new Error(`${name}:${number + 1}: no field`);
      fields.push([line.slice(0, at), line.slice(at + 1).replace(/^[ \t\r]+|[ \t\r]+$/g, "")]);
    }
  });
  return all;
}

function paragraph(place, fields) {
  const one = { place, why: "", filter: "", lists: "{}", type: null, events: [], problems: [], canonical: null };
  const bytes = (text) => [...Buffer.from(text, "utf8")];
  for (const [name, value] of fields) {
    const [field, code = ""] = name.split(" ");
    switch (field) {
      case "why": one.why = value; break;
      case "filter": one.filter = value.trimEnd().replace(/⟪(\d+)\|([^⟫]*)⟫/g, (_, count, part) => part.repeat(Number(count))); break;
      case "lists": one.lists = value; break;
      case "event_type": one.type = value; break;
      case "canonical": one.canonical = value; break;
      case "problem": {
        const at = value.indexOf(" ");
        one.problems.push(at < 0 ? [value, null] : [value.slice(0, at), JSON.parse(value.slice(at + 1))]);
        break;
      }
      case "yes": one.events.push(["match", bytes(value)]); break;
      case "no": one.events.push(["no match", bytes(value)]); break;
      case "undecided": one.events.push(["undecided", bytes(value)]); break;
      case "reject": one.events.push([code, bytes(value)]); break;
      case "reject-hex": one.events.push([code, [...Buffer.from(value.replace(/\s/g, ""), "hex")]]); break;
      default: throw new Error(`${place}: unknown field ${field}`);
    }
  }
  if (one.why === "" || cases(one) === 0) throw new Error(`${place}: not a whole case`);
  return one;
}
