// The engine as a program uses it: rules in, then events in and alerts out.

import { type Alert, alerts } from "./alert.js";
import { type Answer, answer, BATCH_BYTES, Batch, type Reject, tagged } from "./batch.js";
import { RefusedError, RuleError, told } from "./errors.js";
import { type Event, type Events, type EventSource, eventOf, eventsOf, isAsync } from "./events.js";
import { type Call, Guest, type Limits, type Payload } from "./guest.js";
import type { LoadReport, Restored, Stats } from "./report.js";
import { type Lists, type Rules, request } from "./rules.js";

/** Bytes of detections that go into windows in one call. */
const WINDOW_BYTES = 256 << 10;
const RULE_ERRORS = -5;
/** So many rejects are kept. */
const KEPT = 100;

/** What to load beside rules, and how. */
export interface LoadOptions {
  /** Filters without a rule, for `eval`. */
  filters?: string | string[];
  /** What `@name` stands for in filters. */
  lists?: Lists;
  /** The type of all events, whatever they look like. */
  eventType?: string;
  /** Loads the rules without errors although others have some, of which there is a warning. */
  lenient?: boolean;
  /** Rules in shadow raise alerts too. */
  shadowAlerts?: boolean;
  /** Goes into the hashes which tell redacted values apart. */
  redactionSecret?: string;
  /** The size of one alert record, 65,536 unless set. */
  alertBytes?: number;
  /** Is called with each event that cannot be evaluated. Without it there is a process warning. */
  onReject?: (reject: Reject) => void;
  limits?: Limits;
  /** Another oxpecker.wasm. */
  module?: Uint8Array;
}

/** When events arrived: the present if left out. */
export interface Arrival {
  /** A date, or milliseconds since 1970. An event later than that by more than a day counts as one without a time. */
  now?: Date | number;
}

/** Where events came from. */
export interface Tagged {
  /** The tag that a log shipper gave them; it gives them their type by the `event_types` of the rules. */
  tag?: string;
}

/** How many bytes of events make a batch. */
export interface Batching {
  /** 131,072 unless set; 1 evaluates each event at once. */
  batchBytes?: number;
}

/** What rules and filters say of one event. */
export interface Verdict {
  event: Uint8Array;
  /** Ids of the rules that matched, and `filter 1` …; suppressions do not count. */
  matched: string[];
  /** Those that could not be decided, since the record was cut where they look. */
  undecided: string[];
  /** Why the event was not evaluated, if it was not. */
  reject?: Reject;
}

/** Loaded rules with their open windows. */
export class Engine {
  /** Events that calls were given, and what became of them: `read === evaluated + rejected`. */
  read = 0;
  evaluated = 0;
  rejected = 0;
  /** Pairs of event and rule that could not be decided. */
  undecided = 0;
  /** The last 100 events that could not be evaluated. */
  readonly rejects: Reject[] = [];
  readonly #guest: Guest;
  readonly #onReject: ((reject: Reject) => void) | undefined;

  private constructor(
    guest: Guest,
    /** What loading found; warnings stand in `report.problems`. */
    readonly report: LoadReport,
    onReject: ((reject: Reject) => void) | undefined,
  ) {
    this.#guest = guest;
    this.#onReject = onReject;
  }

  /**
   * Compiles rules and filters. Without either, those that come with the package.
   *
   * `rules`: paths of rule files and folders, texts (with line breaks), names with texts, or several of these. RuleError
   * if rules or filters have errors.
   */
  static load(rules?: Rules, options: LoadOptions = {}): Engine {
    const filters = typeof options.filters === "string" ? [options.filters] : (options.filters ?? []);
    const asked = request(rules, filters, options.lists, options.eventType, {
      lenient: options.lenient,
      shadow_alerts: options.shadowAlerts,
      redaction_secret: options.redactionSecret,
      alert_bytes: options.alertBytes,
    });
    const guest = new Guest(options.module, options.limits ?? {});
    const [status, result] = guest.call("ox_load", payload(Buffer.from(asked)));
    if (status !== 0 && status !== RULE_ERRORS) throw new RefusedError("ox_load", status);
    const report = read<LoadReport>(guest, "ox_load", result, ["rules", "disabled", "rule_ids", "problems"]);
    if (status === RULE_ERRORS) throw new RuleError(report);
    for (const problem of report.problems) {
      if (problem.severity === "error") process.emitWarning(`left out: ${told(problem)}`, "OxpeckerWarning");
    }
    return new Engine(guest, report, options.onReject);
  }

  /**
   * Evaluates all events and gives the alerts that they raised.
   *
   * Windows stay open between calls: an alert is told when it fires, again when its count has doubled, and in its final
   * form when its window has closed, by the time of later events or by `flush`.
   */
  match(events: Events, arrival: Arrival & Tagged = {}): Alert[] {
    const raised: Alert[] = [];
    this.#telling(() => {
      for (const batch of batches(eventsOf(events), BATCH_BYTES, arrival.tag)) {
        for (const alert of this.#matched(batch, arrival)) raised.push(alert);
      }
    });
    return raised;
  }

  /**
   * The same as `match`, for events as they come. They are evaluated when `batchBytes` of them are there: for a slow
   * source that goes on for ever, call `match` with what has come, or choose 1.
   */
  async *stream(events: EventSource, options: Arrival & Tagged & Batching = {}): AsyncGenerator<Alert> {
    for await (const batch of this.#batches(events, options)) yield* this.#matched(batch, options);
  }

  /** The verdicts on each event, one after the other. Windows are left alone. */
  async *eval(events: EventSource, options: Tagged & Batching = {}): AsyncGenerator<Verdict> {
    for await (const batch of this.#batches(events, options)) yield* this.#verdicts(batch);
  }

  /**
   * The alerts of past events in their final form, as `oxpecker replay` tells them.
   *
   * All matches are put into windows in the order of event time, so the order of events and files changes nothing. Windows
   * that were open take part. All are closed. Every match is held in memory until the end.
   */
  async replay(events: EventSource, arrival: Arrival & Tagged = {}): Promise<Alert[]> {
    const now = milliseconds(arrival);
    const lines: Buffer[] = [];
    for await (const batch of this.#batches(events, { tag: arrival.tag ?? "" })) {
      const found = this.#answer("ox_detect", batch, now);
      this.#count(batch, found);
      for (const line of linesOf(found.body)) lines.push(line);
    }
    lines.sort(Buffer.compare);
    const final = new Map<string, Alert>();
    const tell = (alert: Alert) => final.set(alert.alert_id, alert);
    for (const chunk of batches(lines, WINDOW_BYTES)) {
      this.#alerts("ox_window", this.#call("ox_window", payload(Buffer.concat(chunk.events)), now)).forEach(tell);
    }
    this.flush().forEach(tell);
    return [...final.values()];
  }

  /** Closes all windows and gives their alerts in the final form. */
  flush(): Alert[] {
    const closed: Alert[] = [];
    for (;;) {
      const lines = this.#call("ox_flush");
      if (lines.length === 0) return closed;
      for (const alert of this.#alerts("ox_flush", lines)) closed.push(alert);
    }
  }

  /** The open windows, for `restore` in an engine with the same rules. Keep the bytes as they are. */
  save(): Uint8Array {
    return this.#call("ox_save");
  }

  /** Takes over saved windows in place of those that are open. RefusedError (-8) if they are not whole. */
  restore(state: Uint8Array): Restored {
    const result = this.#call("ox_restore", payload(state));
    return read(this.#guest, "ox_restore", result, ["windows", "dropped"]);
  }

  /** The module's counters since the rules were loaded. */
  stats(): Stats {
    return read(this.#guest, "ox_stats", this.#call("ox_stats"), ["evaluated", "rejected", "rules"]);
  }

  /** Linear memory that the module holds. */
  get memoryBytes(): number {
    return this.#guest.memoryBytes;
  }

  /** Lets go of the memory. Windows that are still open are gone: `flush` or `save` before. */
  close(): void {
    this.#guest.close();
  }

  #call(name: Call, bytes?: Payload, ...more: bigint[]): Uint8Array {
    const [status, result] = this.#guest.call(name, bytes, ...more);
    if (status !== 0) throw new RefusedError(name, status);
    return result;
  }

  #answer(name: Call, batch: Batch, ...more: bigint[]): Answer {
    const framed = { length: batch.framed, write: (out: Uint8Array) => batch.write(out) };
    // Each part but the last ends with a match.
    const pairs = batch.events.length * this.report.rule_ids.length;
    const [status, parts] = this.#guest.parts(name, framed, pairs, ...more);
    if (status !== 0) throw new RefusedError(name, status);
    const found = answer(parts, batch);
    if (typeof found === "string") throw this.#guest.broken(name, found);
    return found;
  }

  #matched(batch: Batch, arrival: Arrival): Alert[] {
    const found = this.#answer("ox_match", batch, milliseconds(arrival));
    const raised = this.#alerts("ox_match", found.body);
    this.#count(batch, found);
    return raised;
  }

  *#verdicts(batch: Batch): Generator<Verdict> {
    const columns = this.report.rule_ids;
    const found = this.#answer("ox_eval", batch);
    const length = Math.ceil((batch.events.length * columns.length) / 8);
    if (found.body.length !== 2 * length) throw this.#guest.broken("ox_eval", "the bitmaps have another size");
    this.#count(batch, found);
    const [matched, undecided] = [found.body.subarray(0, length), found.body.subarray(length)];
    const rejects = new Map(found.rejects.map((reject) => [reject.index - batch.first, reject]));
    for (const [index, event] of batch.events.entries()) {
      const named = (bits: Uint8Array) => columns.filter((_, column) => bit(bits, index * columns.length + column));
      const reject = rejects.get(index);
      yield { event, matched: named(matched), undecided: named(undecided), ...(reject && { reject }) };
    }
  }

  #alerts(name: Call, lines: Uint8Array): Alert[] {
    try {
      return alerts(lines);
    } catch {
      throw this.#guest.broken(name, "it is not the JSON that the ABI tells of");
    }
  }

  #count(batch: Batch, found: Answer): void {
    this.read += batch.events.length;
    this.evaluated += found.evaluated;
    this.rejected += found.rejects.length;
    this.undecided += found.undecided;
    for (const reject of found.rejects) {
      this.rejects.push(reject);
      this.#onReject?.(reject);
    }
    this.rejects.splice(0, this.rejects.length - KEPT);
  }

  async *#batches(events: EventSource, options: Tagged & Batching): AsyncGenerator<Batch> {
    const { batchBytes: size = BATCH_BYTES, tag } = options;
    const before = this.rejected;
    try {
      if (isAsync(events)) yield* asyncBatches(events, size, tag);
      else yield* batches(eventsOf(events), size, tag);
    } finally {
      this.#warn(before);
    }
  }

  #telling(work: () => void): void {
    const before = this.rejected;
    try {
      work();
    } finally {
      this.#warn(before);
    }
  }

  /** Tells how many events were rejected, if nobody else is told. */
  #warn(before: number): void {
    const last = this.rejects.at(-1);
    if (this.rejected === before || this.#onReject !== undefined || last === undefined) return;
    const text = `events rejected: ${this.rejected - before}; the last one: ${last.code} at byte ${last.offset} (see engine.rejects)`;
    process.emitWarning(text, "OxpeckerWarning");
  }
}

/** Batches of about `size` bytes; an event is never divided. */
function* batches(events: Iterable<Uint8Array>, size: number, tag = ""): Generator<Batch> {
  let batch = new Batch(0, tagged(tag));
  for (const event of events) {
    batch.push(event);
    if (batch.bytes >= size) {
      yield batch;
      batch = batch.next();
    }
  }
  if (batch.events.length > 0) yield batch;
}

async function* asyncBatches(events: AsyncIterable<Event>, size: number, tag = ""): AsyncGenerator<Batch> {
  let batch = new Batch(0, tagged(tag));
  for await (const one of events) {
    for (const event of eventOf(one)) batch.push(event);
    if (batch.bytes >= size) {
      yield batch;
      batch = batch.next();
    }
  }
  if (batch.events.length > 0) yield batch;
}

function payload(bytes: Uint8Array): Payload {
  return { length: bytes.length, write: (out) => out.set(bytes) };
}

function bit(bits: Uint8Array, place: number): boolean {
  return (((bits[place >> 3] ?? 0) >> (place & 7)) & 1) === 1;
}

/** The lines of a text, each with its line feed. */
function* linesOf(text: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf(0x0a, at);
    const next = end < 0 ? text.length : end + 1;
    yield Buffer.from(text.buffer, text.byteOffset + at, next - at);
    at = next;
  }
}

function milliseconds({ now = Date.now() }: Arrival): bigint {
  return BigInt(Math.trunc(Number(now)));
}

/** A record of the module with at least these fields. The module is not trusted to write what the ABI says. */
function read<T>(guest: Guest, name: Call, result: Uint8Array, fields: (keyof T & string)[]): T {
  try {
    const record: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(result));
    if (typeof record === "object" && record !== null && fields.every((field) => field in record)) return record as T;
  } catch {
    // Told below.
  }
  throw guest.broken(name, "it is not the JSON that the ABI tells of");
}
