// What can go wrong between a program and the module. The module's own words are in no message: it is not trusted.

import type { LoadReport, Problem } from "./report.js";

/** The root of all errors of this package. */
export class OxpeckerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The rules or filters have errors; nothing was loaded. */
export class RuleError extends OxpeckerError {
  /** Errors and warnings, by file and place. */
  readonly problems: Problem[];

  constructor(report: LoadReport) {
    const errors = report.problems.filter((problem) => problem.severity === "error");
    const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
    super([`the rules have ${count}:`, ...errors.map(told)].join("\n  "));
    this.problems = report.problems;
  }
}

/** A problem on one line. */
export function told(problem: Problem): string {
  const { file, line, column, severity, code, message, help } = problem;
  return `${file}:${line}:${column}: ${severity}[${code}]: ${message}${help ? ` (${help})` : ""}`;
}

/** A file of events could not be read to its end. What came before it was handed out. */
export class InputError extends OxpeckerError {}

const MEANINGS: Record<number, string> = {
  [-1]: "the range is not inside one live block",
  [-2]: "the batch is not framed as the ABI says",
  [-3]: "nothing is loaded",
  [-4]: "the load request is not of the expected shape; lists hold texts, numbers and booleans, or these with values",
  [-6]: "the result is too large for its length fields",
  [-7]: "a call came while another was running",
  [-8]: "the state was written by another version, or is not whole",
};

/** The module refused a call and can be used on. `status` is the ABI's number. */
export class RefusedError extends OxpeckerError {
  constructor(
    readonly during: string,
    readonly status: number,
  ) {
    super(`the module refused ${during}: ${MEANINGS[status] ?? "unknown status"} (${status})`);
  }
}

/** The module has no memory for what it was to be given. It can be used on. */
export class NoRoomError extends OxpeckerError {
  constructor(
    readonly during: string,
    readonly size: number,
  ) {
    super(`the module has no room for ${size} bytes in ${during}`);
  }
}

/** The bytes are no module that can run here: no WebAssembly, imports, a missing export, another ABI. */
export class ModuleError extends OxpeckerError {}

/**
 * The module failed. This engine is over: load a new one and give it the state that you saved last. The batch of the
 * failed call counts neither as evaluated nor as rejected.
 */
export class BrokenError extends OxpeckerError {
  constructor(
    readonly during: string,
    what: string,
  ) {
    super(`the module failed in ${during}: ${what}`);
  }
}

/** The module trapped. */
export class TrapError extends BrokenError {}

/** The module holds more memory than `limits.memoryBytes`. */
export class MemoryError extends BrokenError {}

/** The module's answer contradicts the ABI, or itself. */
export class AnswerError extends BrokenError {}

/** The engine was closed, or has failed before. */
export class ClosedError extends OxpeckerError {}
