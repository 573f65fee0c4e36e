// Events on their way in and the answer on its way out, in the frames of the ABI.
//
//   batch    u8 format 2, u8 0, u16 tag length, u32 0, i64 shipper's time, tag; then for each event u32 length, bytes
//   answer   u32 evaluated, rejected, undecided, body length; then for each reject u32 index, offset, reason; body;
//            in one part or in several, each of them so

/** Bytes of events that go to the module in one call. More gain nothing, fewer cost. */
export const BATCH_BYTES = 128 << 10;
/** The longest event that the module takes. A longer one is cut to one byte more, which is rejected all the same. */
const EVENT_BYTES = 4 << 20;
const UNKNOWN_TIME = -(1n << 63n);
const BATCH_HEAD = 16;
/** The length of a tag has 16 bits. */
const TAG_BYTES = 0xffff;
const ANSWER_HEAD = 16;
const REJECT = 12;

export type RejectCode =
  "invalid-json" | "invalid-utf8" | "lone-surrogate" | "too-deep" | "not-an-object" | "too-large" | "too-many-values";
const CODES: (RejectCode | undefined)[] = [
  undefined,
  "invalid-json",
  "invalid-utf8",
  "lone-surrogate",
  "too-deep",
  "not-an-object",
  "too-large",
  "too-many-values",
];

/** An event that could not be evaluated. */
export interface Reject {
  /** Its place among the events of the call, from 0. */
  index: number;
  /** Where in the event the trouble is. */
  offset: number;
  /** Why; `reason-N` from a module newer than this package. */
  code: RejectCode | `reason-${number}`;
  event: Uint8Array;
}

/** Events that go to the module in one call. */
export class Batch {
  readonly events: Uint8Array[] = [];
  bytes = 0;

  /** `first`: how many events of the same call went before; `tag`: that of the log shipper that they came from. */
  constructor(
    readonly first: number,
    readonly tag: Uint8Array,
  ) {}

  /** An empty batch for the events behind these. */
  next(): Batch {
    return new Batch(this.first + this.events.length, this.tag);
  }

  push(event: Uint8Array): void {
    this.events.push(event);
    this.bytes += event.length + 4;
  }

  /** Length of the batch as the module reads it. */
  get framed(): number {
    return this.events.reduce((sum, event) => sum + 4 + taken(event), BATCH_HEAD + this.tag.length);
  }

  /** Writes the batch as the module reads it. */
  write(out: Uint8Array): void {
    const view = new DataView(out.buffer, out.byteOffset, out.length);
    view.setUint8(0, 2);
    view.setUint16(2, this.tag.length, true);
    view.setBigInt64(8, UNKNOWN_TIME, true);
    out.set(this.tag, BATCH_HEAD);
    let at = BATCH_HEAD + this.tag.length;
    for (const event of this.events) {
      const length = taken(event);
      view.setUint32(at, length, true);
      out.set(length === event.length ? event : event.subarray(0, length), at + 4);
      at += 4 + length;
    }
  }
}

function taken(event: Uint8Array): number {
  return Math.min(event.length, EVENT_BYTES + 1);
}

/** A tag as a batch carries it. */
export function tagged(tag: string): Uint8Array {
  const bytes = Buffer.from(tag);
  if (bytes.length > TAG_BYTES) throw new RangeError(`the tag has ${bytes.length} bytes; ${TAG_BYTES} are the most`);
  return bytes;
}

/** What a batch came to. */
export interface Answer {
  evaluated: number;
  undecided: number;
  rejects: Reject[];
  body: Uint8Array;
}

/** Reads an answer about `batch`, in its parts; a text says what makes no sense in it. */
export function answer(parts: Uint8Array[], batch: Batch): Answer | string {
  const all: Answer = { evaluated: 0, undecided: 0, rejects: [], body: new Uint8Array() };
  const bodies: Uint8Array[] = [];
  for (const result of parts) {
    const read = part(result, batch);
    if (typeof read === "string") return read;
    all.evaluated += read.evaluated;
    all.undecided += read.undecided;
    all.rejects.push(...read.rejects);
    bodies.push(read.body);
  }
  if (all.evaluated + all.rejects.length !== batch.events.length) return OTHER_EVENTS;
  all.body = bodies.length === 1 && bodies[0] !== undefined ? bodies[0] : Buffer.concat(bodies);
  return all;
}

const OTHER_EVENTS = "evaluated and rejected events are not those of the batch";

function part(result: Uint8Array, batch: Batch): Answer | string {
  if (result.length < ANSWER_HEAD) return "it is shorter than its head";
  const view = new DataView(result.buffer, result.byteOffset, result.length);
  const number = (at: number) => view.getUint32(at, true);
  const [evaluated, rejected, undecided, length] = [number(0), number(4), number(8), number(12)];
  if (evaluated + rejected > batch.events.length) return OTHER_EVENTS;
  const body = ANSWER_HEAD + REJECT * rejected;
  if (body + length !== result.length) return "its length is not the sum of its parts";
  const rejects: Reject[] = [];
  for (let at = ANSWER_HEAD; at < body; at += REJECT) {
    const [index, offset, reason] = [number(at), number(at + 4), number(at + 8)];
    const event = batch.events[index];
    if (event === undefined) return "a rejected event lies outside the batch";
    rejects.push({ index: batch.first + index, offset, code: CODES[reason] ?? `reason-${reason}`, event });
  }
  return { evaluated, undecided, rejects, body: result.subarray(body) };
}
