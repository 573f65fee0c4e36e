// Detection rules over log events, in a WebAssembly sandbox inside your own process.

export type { Alert, AlertEvent, Matched } from "./alert.js";
export type { Reject, RejectCode } from "./batch.js";
export type { Arrival, Batching, LoadOptions, Tagged, Verdict } from "./engine.js";
export { Engine } from "./engine.js";
export {
  AnswerError,
  BrokenError,
  ClosedError,
  InputError,
  MemoryError,
  ModuleError,
  NoRoomError,
  OxpeckerError,
  RefusedError,
  RuleError,
  TrapError,
} from "./errors.js";
export type { Event, Events, EventSource, Reading, Source } from "./events.js";
export { readEvents } from "./events.js";
export type { Limits } from "./guest.js";
export { SHIPPED_RULES } from "./guest.js";
export type { LoadReport, Problem, Restored, RuleStats, Stats } from "./report.js";
export type { Lists, Rules } from "./rules.js";
