// Puts what is not TypeScript into the package: the module that `make build` made, and the shipped rules.
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL("..", import.meta.url));
const repository = join(here, "../..");
const module = join(repository, "target/oxpecker.wasm");
if (!existsSync(module)) {
  console.error(`${module} is missing: run \`make build\` in the repository first`);
  process.exit(2);
}
const data = join(here, "data");
rmSync(data, { recursive: true, force: true });
mkdirSync(data);
cpSync(module, join(data, "oxpecker.wasm"));
cpSync(join(repository, "LICENSE"), join(data, "LICENSE"));
const isRule = (path) => !/\.[^/]*$/.test(path.slice(repository.length)) || path.endsWith(".yaml");
cpSync(join(repository, "rules"), join(data, "rules"), { recursive: true, filter: isRule });
rmSync(join(data, "rules/samples"), { recursive: true, force: true });
