// Rule files, from wherever a program has them, into one request to load.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { SHIPPED_RULES } from "./guest.js";

type Rule = string | URL | Record<string, string>;
/**
 * A path of a rule file or of a folder of them; the text of a rule file (it has line breaks); names with texts; or
 * several of these.
 */
export type Rules = Rule | Rule[];
/** Names with entries: keys, or keys with values for lookups. */
export type Lists = Record<
  string,
  Iterable<string | number | boolean> | Map<string | number | boolean, unknown> | Record<string, unknown>
>;

interface Document {
  name: string;
  text: string;
}

/** The request of `ox_load`. Without rules and filters it asks for the shipped rules. */
export function request(
  rules: Rules | undefined,
  filters: string[],
  lists: Lists | undefined,
  eventType: string | undefined,
  options: Record<string, unknown>,
): string {
  const documents =
    rules === undefined ? (filters.length > 0 ? [] : folder(SHIPPED_RULES, join(SHIPPED_RULES, ".."))) : named(rules);
  if (documents.length === 0 && filters.length === 0) {
    throw new TypeError("no rules: name a rule file, a folder of them, or filters");
  }
  const entries = Object.entries(lists ?? {}).map(([name, list]) => [name, entriesOf(list)]);
  return JSON.stringify({ documents, filters, lists: Object.fromEntries(entries), event_type: eventType, options });
}

/** The documents; several texts without a name are told apart by numbers, since problems are told by name. */
function named(rules: Rules): Document[] {
  const found = (Array.isArray(rules) ? rules : [rules]).flatMap(documents);
  const unnamed = found.filter(({ name }) => name === "rules");
  if (unnamed.length > 1) unnamed.forEach((document, place) => (document.name = `rules ${place + 1}`));
  return found;
}

function documents(rule: Rule): Document[] {
  if (typeof rule === "object" && !(rule instanceof URL)) {
    return Object.entries(rule).map(([name, text]) => ({ name, text }));
  }
  if (typeof rule === "string" && rule.includes("\n")) return [{ name: "rules", text: rule }];
  const path = rule instanceof URL ? fileURLToPath(rule) : rule;
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind === undefined) {
    const hint = 'a text of rules has line breaks, or is given with a name: {"mine.yaml": text}';
    throw Object.assign(new Error(`no rule file ${JSON.stringify(path)} (${hint})`), { code: "ENOENT", path });
  }
  if (!kind.isDirectory()) return [{ name: path, text: text(path) }];
  const found = folder(path, "");
  if (found.length === 0) {
    throw Object.assign(new Error(`no rule files (.yaml, .yml) in ${path}`), { code: "ENOENT", path });
  }
  return found;
}

/** The YAML files of a folder and its sub-folders in the order of names; hidden ones are passed over. */
function folder(path: string, base: string): Document[] {
  const entries = readdirSync(path, { withFileTypes: true }).filter((entry) => !entry.name.startsWith("."));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) return folder(inside, base);
    if (!/\.ya?ml$/i.test(entry.name) || !statSync(inside).isFile()) return [];
    return [{ name: base === "" ? inside : relative(base, inside), text: text(inside) }];
  });
}

function text(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof TypeError) throw new TypeError(`${path} is no UTF-8 text`);
    throw error;
  }
}

function entriesOf(list: Lists[string]): unknown[] {
  if (typeof list === "string") {
    throw new TypeError("the entries of a list are an iterable of texts and numbers, or keys with values");
  }
  const pairs = (found: Iterable<[unknown, unknown]>) => Array.from(found, ([key, value]) => ({ key, value }));
  if (list instanceof Map) return pairs(list);
  return Symbol.iterator in list ? [...(list as Iterable<unknown>)] : pairs(Object.entries(list));
}
