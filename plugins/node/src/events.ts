// Events from files and from a program's own values, each as the bytes that it came in.
//
// Bytes are never parsed and printed again: the spelling of numbers, escapes and duplicate keys are the engine's to judge.

import { createReadStream, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import { InputError } from "./errors.js";
import { Cutter } from "./pieces.js";

/** One event: JSON text, or an object that is written as JSON. */
export type Event = string | Uint8Array | object;
/** What the engine's calls take: an event; the text of a file of events; or an iterable of events. */
export type Events = Event | Iterable<Event>;
/** The same, also as they come. */
export type EventSource = Events | AsyncIterable<Event>;

const ENDINGS = /\.(json|ndjson|jsonl|log)(\.gz)?$/i;
const LF = 0x0a;
/** So much is unpacked at once: it may become a thousand times as much. */
const PACKED_BYTES = 16 << 10;

/** A path or `file:` URL of a file or folder, or a stream of bytes. */
export type Source = string | URL | AsyncIterable<Uint8Array>;

/** What happens where a file cannot be read. */
export interface Reading {
  /** Is called with the error; reading then goes on with the next file. Without it the error ends the reading. */
  onError?: (error: InputError) => void;
}

/**
 * The events of files, folders and streams of bytes, one after the other.
 *
 * NDJSON, a JSON document, an array, CloudTrail's `{"Records": […]}`, objects glued together; gzip or not. Folders are
 * walked in the order of names. A file that cannot be read to its end gives what can be read, then InputError.
 */
export async function* readEvents(sources: Source | Source[], { onError }: Reading = {}): AsyncGenerator<Uint8Array> {
  for (const [source, name] of streams(Array.isArray(sources) ? sources : [sources])) {
    try {
      yield* piecesOf(source, name);
    } catch (error) {
      const told =
        error instanceof InputError
          ? error
          : new InputError(`cannot read ${name}: ${(error as Error).message}`, { cause: error });
      if (onError === undefined || (told !== error && !isSystemError(error))) throw error;
      onError(told);
    }
  }
}

function* streams(sources: Source[]): Generator<[AsyncIterable<Uint8Array>, string]> {
  for (const source of sources) {
    if (typeof source !== "string" && !(source instanceof URL)) {
      yield [source, "the stream"];
      continue;
    }
    for (const path of files(source instanceof URL ? fileURLToPath(source) : source)) {
      yield [createReadStream(path, { highWaterMark: 256 << 10 }), path];
    }
  }
}

/** Whether an error is one of a file, such as EACCES. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/** The bytes of each event that a call was given. */
export function* eventsOf(events: Events): Generator<Uint8Array> {
  if (typeof events === "string" || events instanceof Uint8Array) {
    const cutter = new Cutter("the text");
    yield* cutter.push(typeof events === "string" ? Buffer.from(events) : events);
    yield* cutter.end();
  } else if (typeof events === "object" && events !== null && Symbol.asyncIterator in events) {
    throw new TypeError(
      "match takes events in memory; those of an asynchronous source are for stream, eval and replay",
    );
  } else if (isIterable(events)) {
    for (const event of events) yield* eventOf(event);
  } else {
    yield* eventOf(events);
  }
}

/** The bytes of one event; several where an object is a whole delivery of CloudTrail. */
export function* eventOf(event: Event): Generator<Uint8Array> {
  if (event instanceof Uint8Array || typeof event === "string") {
    const line = lineOf(typeof event === "string" ? bytesOf(event) : event);
    if (line.some((byte) => byte > 0x20)) yield line;
    return;
  }
  if (!isRecord(event)) {
    const kind = typeof event === "object" && event !== null ? event.constructor.name : String(event);
    throw new TypeError(`an event is JSON text (a string or a Uint8Array) or an object, not ${kind}`);
  }
  const records = "Records" in event && Object.keys(event).length === 1 ? event.Records : undefined;
  for (const one of Array.isArray(records) ? records : [event]) yield Buffer.from(JSON.stringify(one) ?? "null");
}

/** Whether something is an object that JSON can tell: these would be written as `{}`. */
function isRecord(event: unknown): boolean {
  if (typeof event !== "object" || event === null || ArrayBuffer.isView(event)) return false;
  return (
    ![ArrayBuffer, Map, Set, Promise, URL].some((kind) => event instanceof kind) && !(Symbol.asyncIterator in event)
  );
}

export function isAsync(events: EventSource): events is AsyncIterable<Event> {
  return typeof events === "object" && Symbol.asyncIterator in events;
}

function isIterable(events: Events): events is Iterable<Event> {
  return typeof events === "object" && events !== null && Symbol.iterator in events;
}

/** UTF-8, where half a character becomes bytes that are none: the engine rejects them, and nothing is replaced. */
function bytesOf(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = text.split(/([\ud800-\udfff])/u).map((part, place) => {
    const half = part.charCodeAt(0);
    return place % 2 === 0
      ? Buffer.from(part)
      : Buffer.from([0xe0 | (half >> 12), 0x80 | ((half >> 6) & 63), 0x80 | (half & 63)]);
  });
  return Buffer.concat(parts);
}

function lineOf(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === LF || bytes[end - 1] === 0x0d)) end -= 1;
  return end === bytes.length ? bytes : bytes.subarray(0, end);
}

function* files(path: string): Generator<string> {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    yield path;
    return;
  }
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const inside = join(path, entry.name);
    if (entry.name.startsWith(".") || entry.name === "CloudTrail-Digest") continue;
    if (entry.isDirectory()) yield* files(inside);
    else if (ENDINGS.test(entry.name)) {
      if (statSync(inside).isFile()) yield inside;
    } else
      process.emitWarning(
        `passed over ${inside}: its name ends in none of .json, .ndjson, .jsonl, .log, with or without .gz`,
        "OxpeckerWarning",
      );
  }
}

async function* piecesOf(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const cutter = new Cutter(name);
  const chunks = unpacked(source, name);
  try {
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield* cutter.push(next.value);
  } catch (error) {
    yield* cutter.rest();
    throw error;
  } finally {
    await chunks.return(undefined);
  }
  yield* cutter.end();
}

/** The bytes, unpacked if their first two are those of gzip. */
async function* unpacked(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let begin: Uint8Array = new Uint8Array();
  let next = await chunks.next();
  while (!next.done) {
    begin = begin.length === 0 ? next.value : Buffer.concat([begin, next.value]);
    if (begin.length >= 4) break;
    next = await chunks.next();
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    if (begin.length > 0) yield begin;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  if (Buffer.from(begin.subarray(0, 4)).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))) {
    throw new InputError(`${name} is zstd, which is not read here: unpack it first (zstd -d)`);
  }
  if (begin[0] !== 0x1f || begin[1] !== 0x8b) {
    yield* all();
    return;
  }
  try {
    yield* gunzipped(all());
  } catch (error) {
    throw new InputError(`${name} is cut or broken: ${(error as Error).message}`, { cause: error });
  }
}

/** What was unpacked before an error comes before the error; a stream that is read by itself would drop it. */
async function* gunzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const unpacked: Uint8Array[] = [];
  let failure: Error | undefined;
  let goOn = () => {};
  gunzip.on("data", (bytes: Uint8Array) => unpacked.push(bytes));
  gunzip.on("end", () => goOn());
  gunzip.on("error", (error) => {
    failure = error;
    goOn();
  });
  const done = (act: () => void) =>
    new Promise<void>((resolve) => {
      goOn = resolve;
      act();
    });
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length && failure === undefined; at += PACKED_BYTES) {
      await done(() => gunzip.write(chunk.subarray(at, at + PACKED_BYTES), () => goOn()));
      yield* unpacked.splice(0);
    }
    if (failure !== undefined) break;
  }
  if (failure === undefined) await done(() => gunzip.end());
  yield* unpacked.splice(0);
  if (failure !== undefined) throw failure;
}
