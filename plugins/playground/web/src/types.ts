// What the engine answers, as its JSON texts say it.

export interface Problem {
  at: [number, number];
  line: number;
  column: number;
  code: string;
  level: "error" | "warning";
  message: string;
  help: string | null;
  fix: string | null;
}

export interface Checked {
  problems: Problem[];
  ok: boolean;
  canonical?: string | null;
  rules?: number;
  lists?: string[];
}

export interface Context {
  from: number;
  expects: "condition" | "operator" | "value" | "connective";
  key: string | null;
  in_set: boolean;
}

export interface KeyStat {
  key: string;
  events: number;
  values: [string, number][];
  meaning: string | null;
}

export interface Keys {
  events: number;
  keys: KeyStat[];
}

export interface Rule {
  id: string;
  name: string;
  ruleset: string;
  title: string;
  type: string;
  severity: number;
  description: string;
  filter: string;
  aggregate: string[];
  window: string;
  sliding: boolean;
  threshold: number;
  distinct: string | null;
  suppressions: { filter: string; reason: string | null; expires: string | null }[];
  enabled: boolean;
  shadow: boolean;
  tags: string[];
  references: string[];
  benign: string[];
  tests: number;
  file?: number;
}

export interface Row {
  time?: string | null;
  what?: string | null;
  who?: string | null;
  from?: string | null;
  service?: string | null;
  type?: string | null;
  failed?: string | null;
  bad?: string;
}

export interface View {
  text: string;
  spans: number[];
  cut: boolean;
}

export interface Part {
  text: string;
  verdict: "match" | "no match" | "undecided";
  at: [number, number] | null;
  values: string[];
  left_out: number;
  note: string | null;
  miss: boolean;
  children: Part[];
}

export interface Suppression {
  filter: string;
  reason: string | null;
  expires: string | null;
  in_force: boolean;
  hides: boolean;
  tree: Part;
}

export interface Why {
  outcome?: "match" | "no match" | "undecided" | "suppressed";
  tree?: Part;
  miss?: number;
  suppressions?: Suppression[];
  view: View;
  time?: string | null;
  id?: string | null;
  type?: string | null;
  rejected?: string;
  code?: string;
}

export interface Alert {
  rule_id: string;
  rule: string;
  severity: number;
  title: string;
  source: string;
  aggregate: Record<string, unknown>;
  context: Record<string, unknown>;
  count: number;
  suppressed: number;
  first_seen: string | null;
  last_seen: string | null;
  first: number | null;
  last: number | null;
  window_seconds: number;
  threshold: number;
  events: number[];
  hidden: number[];
}

export interface Brief {
  title: string;
  rule_id: string;
  count: number;
  severity: number;
  first_seen: string | null;
}

export interface Effect {
  before: number;
  after: number;
  gained: Brief[];
  lost: Brief[];
  louder: Brief[];
  quieter: Brief[];
  events_before: number;
  events_after: number;
}

export interface TestResult {
  rule: string;
  name: string;
  expect: string;
  got: string;
  title: string | null;
  failure: string | null;
  line: number;
  events: string[];
}

export interface ReadAnswer {
  events: number;
  rejected: number;
  skipped: number;
  told: string[];
  error: string | null;
}

export interface ColumnCount {
  matched: number;
  suppressed: number;
  undecided: number;
}

/** What came of an event; the numbers are the engine's. */
export const Outcome = { NotYet: 0, NoMatch: 1, Undecided: 2, Suppressed: 3, Matched: 4, Rejected: 5 } as const;

/** What is asked of the events. */
export type Question = { kind: "filter"; text: string } | { kind: "files"; files: [string, string][] };

/** What the worker says of an evaluation, on the way and at its end. */
export interface Progress {
  generation: number;
  done: number;
  total: number;
  outcomes: Uint8Array;
  columns: ColumnCount[];
  unseen: string[];
  finished: boolean;
  milliseconds: number;
}
