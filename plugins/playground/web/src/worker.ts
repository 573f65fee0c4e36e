// The worker that holds the events and answers about them. Evaluating goes in steps: between two of them a newer question
// is looked for, so that typing is never behind.

import { initSync, Session, single, inventory } from "../engine/engine.js";
import type { Progress, Question } from "./types";

let session: Session;
let generation = 0;
let column = -1;

const STEP = 250;
/** Milliseconds between two looks at what has come in. */
const SLICE = 12;
/** Milliseconds between two reports. */
const REPORT = 120;

type Call = { id: number; call: string; args: unknown[] };

const calls: Record<string, (...args: never[]) => unknown> = {
  init: (module: WebAssembly.Module) => {
    initSync({ module });
    session = new Session();
  },
  add: (batch: Uint8Array) => {
    session.add(batch);
    return session.count();
  },
  clear: () => {
    generation++;
    session.clear();
  },
  ask: (question: Question, now: number) => {
    const accepted =
      question.kind === "filter" ? session.ask_filter(question.text) : session.ask_files(JSON.stringify(question.files));
    if (!accepted) return { accepted, rules: [] };
    void evaluate(++generation, now);
    return { accepted, rules: JSON.parse(session.rules()) };
  },
  goOn: () => void evaluate(++generation, performance.timeOrigin + performance.now()),
  column: (next: number) => {
    column = next;
    return { outcomes: session.outcomes(column) };
  },
  rows: (events: Uint32Array) => JSON.parse(session.rows(events)),
  event: (event: number) => session.event(event),
  lines: () => session.lines(),
  times: () => session.times(),
  why: (event: number, column: number) => JSON.parse(session.why(event, column)),
  columnOf: (event: number) => session.column_of(event),
  condition: (event: number, unit: number) => session.condition(event, unit),
  keys: () => JSON.parse(session.keys()),
  alerts: () => JSON.parse(session.alerts()),
  record: (alert: number) => JSON.parse(session.record(alert)),
  suppression: (alert: number) => JSON.parse(session.suppression(alert)),
  effect: (files: [string, string][], only: string) => JSON.parse(session.effect(JSON.stringify(files), only)),
  compare: (before: [string, string][], after: [string, string][], only: string) =>
    JSON.parse(session.compare(JSON.stringify(before), JSON.stringify(after), only)),
  tests: () => JSON.parse(session.tests()),
  inventory: (files: [string, string][]) => JSON.parse(inventory(JSON.stringify(files))),
  single: (file: string, id: string) => single(file, id),
};

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets messages in; unlike a timer it is not slowed down. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(0);
  });
}

async function evaluate(mine: number, began: number): Promise<void> {
  // The question's own answer goes out first.
  await turn();
  let reported = performance.now();
  while (mine === generation) {
    const until = performance.now() + SLICE;
    let done = session.step(STEP);
    while (done < session.count() && performance.now() < until) done = session.step(STEP);
    const finished = done >= session.count();
    if (finished || performance.now() - reported > REPORT) {
      report(mine, done, finished, began);
      reported = performance.now();
    }
    if (finished) return;
    await turn();
  }
}

function report(mine: number, done: number, finished: boolean, began: number): void {
  const outcomes = session.outcomes(column);
  const progress: Progress = {
    generation: mine,
    done,
    total: session.count(),
    outcomes,
    columns: JSON.parse(session.columns()),
    unseen: finished ? session.unseen() : [],
    finished,
    milliseconds: performance.timeOrigin + performance.now() - began,
  };
  self.postMessage({ progress }, { transfer: [outcomes.buffer] });
}

self.onmessage = (message: MessageEvent<Call>) => {
  const { id, call, args } = message.data;
  try {
    const known = calls[call];
    if (!known) throw new Error(`no such call: ${call}`);
    self.postMessage({ id, answer: known(...(args as never[])) });
  } catch (error) {
    // A trap leaves the module in an unknown state: the page starts another worker.
    const fatal = error instanceof WebAssembly.RuntimeError;
    self.postMessage({ id, error: error instanceof Error ? error.message : String(error), fatal });
  }
};
