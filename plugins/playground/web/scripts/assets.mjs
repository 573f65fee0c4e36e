// Puts what the page shows of the repository into generated/: the shipped rules and the sample day.
import { mkdirSync, readFileSync, readdirSync, writeFileSync, copyFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../../..");
const out = join(here, "../generated");
const files = readdirSync(join(root, "rules"), { recursive: true })
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .map((name) => [`rules/${name.replaceAll("\\", "/")}`, readFileSync(join(root, "rules", name), "utf8")]);
if (files.length === 0) throw new Error(`no rules in ${relative(process.cwd(), join(root, "rules"))}`);
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "rules.json"), JSON.stringify(files));
copyFileSync(join(root, "rules/samples/cloudtrail.ndjson"), join(out, "day.ndjson"));
