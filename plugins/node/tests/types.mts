// What a program in TypeScript sees: this file need only compile.
import {
  type Alert,
  BrokenError,
  Engine,
  type LoadOptions,
  readEvents,
  type Reject,
  type Verdict,
} from "oxpecker-wasm";

const rejects: Reject[] = [];
const options: LoadOptions = {
  filters: "user = @admins",
  lists: { admins: ["root", 7], owners: new Map([["a", { team: "b" }]]), more: { a: 1 } },
  onReject: (reject) => rejects.push(reject),
  limits: { memoryBytes: 1 << 28 },
};

export async function run(): Promise<string[]> {
  const engine = Engine.load(["rules/", { "a.yaml": "rules: []" }], options);
  const alerts: Alert[] = engine.match([{ a: 1 }, "{}", new Uint8Array()], { now: new Date() });
  for await (const alert of engine.stream(readEvents(["logs/", process.stdin], { onError: console.error }), {
    batchBytes: 1,
  }))
    alerts.push(alert);
  const verdicts: Verdict[] = [];
  for await (const verdict of engine.eval('{"a":1}')) verdicts.push(verdict);
  // @ts-expect-error a number is no event
  engine.match(5);
  try {
    alerts.push(...(await engine.replay([])));
  } catch (error) {
    if (error instanceof BrokenError) return [error.during];
  }
  return alerts.map(({ title, severity, state }) => `${severity + 1} ${state} ${title}`);
}
