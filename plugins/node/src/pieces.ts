// A file's bytes cut into events: lines, documents on several lines, arrays, `Records`, objects glued together.
//
// Most lines are one event each and are passed on after a look at both ends. Where a value goes on over lines, or holds
// several events, its end is looked for. Bytes are passed on as they came; what cannot be cut is passed on by lines, so
// that the engine rejects it and it is counted.

import { InputError } from "./errors.js";
import { BROKEN, MORE, recordsStart, skipBlanks, valueEnd } from "./scan.js";

/** The longest line, and the longest event over several lines. A compressed file may unpack to anything. */
const PIECE_BYTES = 64 << 20;
/** What is shorter is looked at again with every chunk, so that a live source does not wait for its next event. */
const SHORT_BYTES = 64 << 10;
const LF = 0x0a;
const [COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x2c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d];

/** Where in the text the next byte stands. */
type Place = "line" | "first element" | "element" | "behind element" | "behind array";

/** Takes a file's bytes piece by piece and gives its events. */
export class Cutter {
  #held: Buffer = Buffer.alloc(0);
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** So much text must be there before it is looked at again: long text is not looked at more than twice. */
  #wait = 0;
  /** Whether the end of a line is all that is waited for. */
  #inLine = false;
  #at = 0;
  #place: Place = "line";
  #ofRecords = false;
  #whole = false;
  #begun = false;

  constructor(readonly name: string) {}

  /** The events that are whole with these bytes. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#inLine ? bytes.includes(LF) : this.#length >= this.#wait) yield* this.#cut();
  }

  /** What is left where no more comes. */
  *rest(): Generator<Uint8Array> {
    this.#whole = true;
    yield* this.#cut();
  }

  /** The same at a file's end. */
  *end(): Generator<Uint8Array> {
    yield* this.rest();
    if (this.#place !== "line") throw new InputError(`${this.name} ends inside an array`);
  }

  *#cut(): Generator<Uint8Array> {
    this.#held = Buffer.concat([this.#held, ...this.#chunks]);
    this.#chunks = [];
    this.#inLine = false;
    if (!this.#begun && (this.#whole || this.#held.length > 2)) {
      this.#begun = true;
      if (this.#held.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) this.#at = 3;
    }
    while (this.#begun && (this.#at = skipBlanks(this.#held, this.#at)) < this.#held.length) {
      const before = this.#at;
      const place = this.#place;
      const piece = this.#next();
      if (piece !== undefined) yield piece;
      else if (this.#at === before && this.#place === place) break;
    }
    this.#held = this.#held.subarray(this.#at);
    this.#at = 0;
    this.#length = this.#held.length;
    if (this.#length > PIECE_BYTES) {
      throw new InputError(`${this.name} has a line or an event of more than ${PIECE_BYTES} bytes`);
    }
    this.#wait = this.#length < SHORT_BYTES ? 0 : this.#length * 2;
  }

  /** Goes one step on: a piece, or none where brackets and commas were passed; stays where more text is needed. */
  #next(): Uint8Array | undefined {
    const byte = this.#held[this.#at];
    switch (this.#place) {
      case "line":
        return this.#line(byte);
      case "first element":
      case "element":
        if (byte === CLOSE_ARRAY && this.#place === "first element")
          return this.#pass(this.#ofRecords ? "behind array" : "line");
        return this.#value("behind element");
      case "behind element":
        if (byte === COMMA) return this.#pass("element");
        if (byte === CLOSE_ARRAY) return this.#pass(this.#ofRecords ? "behind array" : "line");
        return this.#broken();
      case "behind array":
        if (byte === CLOSE_OBJECT) return this.#pass("line");
        return byte === COMMA ? this.#member() : this.#broken();
    }
  }

  #line(byte: number | undefined): Uint8Array | undefined {
    const end = this.#held.indexOf(LF, this.#at);
    if (byte === OPEN_ARRAY) {
      this.#ofRecords = false;
      return this.#pass("first element");
    }
    if (byte === OPEN_OBJECT) {
      const records = recordsStart(this.#held, this.#at, this.#whole);
      if (records === MORE) return undefined;
      if (records !== BROKEN) {
        this.#ofRecords = true;
        this.#place = "first element";
        this.#at = records;
        return undefined;
      }
    }
    this.#inLine = end < 0;
    if (end < 0 && !this.#whole) return undefined;
    const line = trimmed(this.#held.subarray(this.#at, end < 0 ? undefined : end));
    if (byte !== OPEN_OBJECT || (line.at(-1) === CLOSE_OBJECT && !line.includes("}{") && !line.includes("} {"))) {
      return this.#take(this.#at + line.length);
    }
    return this.#value("line");
  }

  /** A value, if its end is there. On a line of its own nothing but another event may stand behind it. */
  #value(place: Place): Uint8Array | undefined {
    const end = valueEnd(this.#held, this.#at, this.#whole);
    if (end === MORE && !this.#whole) return undefined;
    if (end < 0) return this.#broken();
    if (place === "line") {
      const line = this.#held.indexOf(LF, end);
      const behind = trimmed(this.#held.subarray(end, line < 0 ? undefined : line));
      const next = behind[skipBlanks(behind, 0)];
      if (next !== undefined && next !== OPEN_OBJECT && next !== OPEN_ARRAY) return this.#broken();
    }
    this.#place = place;
    return this.#take(end);
  }

  /** Passes over a member behind `Records`. */
  #member(): undefined {
    const name = valueEnd(this.#held, this.#at + 1, this.#whole);
    const colon = name < 0 ? name : skipBlanks(this.#held, name);
    if (name === BROKEN || (this.#held[colon] ?? COLON) !== COLON) this.#place = "line";
    else if (name !== MORE) {
      const end = valueEnd(this.#held, colon + 1, this.#whole);
      if (end === BROKEN || (end === MORE && this.#whole)) this.#place = "line";
      else if (end !== MORE) this.#at = end;
    }
  }

  /** What is no JSON, to the end of the line: what was taken for more of it may be events of their own. */
  #broken(): Uint8Array | undefined {
    const end = this.#held.indexOf(LF, this.#at);
    if (end < 0 && !this.#whole) return undefined;
    this.#place = "line";
    return this.#take(this.#at + trimmed(this.#held.subarray(this.#at, end < 0 ? undefined : end)).length);
  }

  #pass(place: Place): undefined {
    this.#place = place;
    this.#at += 1;
  }

  #take(end: number): Uint8Array {
    const piece = this.#held.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }
}

/** A line without the blanks at its end. */
function trimmed(line: Buffer): Buffer {
  let end = line.length;
  while (end > 0 && skipBlanks(line, end - 1) === end) end -= 1;
  return line.subarray(0, end);
}
