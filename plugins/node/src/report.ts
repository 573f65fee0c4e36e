// What the module says of rules, counters and saved windows. Fields are named as in its JSON.

/** An error or warning about a rule file or filter. Lines and columns count from 1, columns in characters. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  end_line: number;
  /** The column behind the last one. */
  end_column: number;
  /** Stable; docs/problems.md explains each. */
  code: string;
  severity: "error" | "warning";
  message: string;
  help: string | null;
  /** What could stand in the place instead. */
  fix: string | null;
}

/** What loading found. */
export interface LoadReport {
  /** Rules in force. */
  rules: number;
  /** Rules that are switched off. */
  disabled: number;
  /** The rules in force by id, then `filter 1`, `filter 2` … for filters. */
  rule_ids: string[];
  problems: Problem[];
}

/** Counters of one rule or filter. */
export interface RuleStats {
  /** Null for a filter. */
  rule_id: string | null;
  matched: number;
  suppressed: number;
  shadowed: number;
  undecided: number;
}

/** The module's counters since the rules were loaded. */
export interface Stats {
  bytes: number;
  evaluated: number;
  rejected: number;
  events_matched: number;
  /** Pairs of event and rule that matched, suppressed ones included. */
  matched: number;
  suppressed: number;
  shadowed: number;
  undecided: number;
  open_windows: number;
  window_bytes: number;
  closed_early: number;
  given_up: number;
  repeated: number;
  untimed: number;
  /** Events so late that they count with no others. */
  late: number;
  rules: RuleStats[];
  /** Keys of filters that no event had. */
  unseen_keys: string[];
}

/** What became of saved windows. */
export interface Restored {
  /** Windows taken over. */
  windows: number;
  /** Windows of rules that are gone or changed, left out. */
  dropped: number;
}
