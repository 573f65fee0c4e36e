// One instance of the module: bytes in, bytes out. Every number that it gives is checked before it is used.
//
//   block = ox_alloc(n)    write n bytes at block    status = call(block, n, …)    read ox_result_len() bytes at
//   ox_result_ptr()        ox_free(block)

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AnswerError, BrokenError, ClosedError, MemoryError, ModuleError, NoRoomError, TrapError } from "./errors.js";

const ABI_VERSION = 1;
/** The exports that are called, with the number of their parameters. */
const EXPORTS = {
  ox_abi_version: 0,
  ox_alloc: 1,
  ox_free: 1,
  ox_result_ptr: 0,
  ox_result_len: 0,
  ox_load: 2,
  ox_match: 3,
  ox_flush: 0,
  ox_save: 0,
  ox_restore: 2,
  ox_stats: 0,
  ox_eval: 2,
  ox_detect: 3,
  ox_window: 3,
  ox_more: 0,
};
/** The status of an answer that goes on. */
const PART = 1;
/**
 * All parts of an answer together may have as many times the bytes that the module may hold. What is more comes of fewer
 * events at a time.
 */
const PARTS_MEMORY = 8;
export type Call = keyof typeof EXPORTS;
type Functions = Record<Call, (...values: (number | bigint)[]) => number>;

const DATA = fileURLToPath(new URL("../data", import.meta.url));
/** The folder of the rules that come with the package. */
export const SHIPPED_RULES = `${DATA}/rules`;
let shipped: WebAssembly.Module | undefined;

/** Bytes for the module: how many, and who writes them. */
export interface Payload {
  length: number;
  write(out: Uint8Array): void;
}

/** What an engine may use. */
export interface Limits {
  /**
   * The most memory that the module may hold, 256 MiB unless set. Node cannot stop a module while it runs: this is looked
   * at after each call.
   */
  memoryBytes?: number;
}

/** An instance. */
export class Guest {
  #functions: Functions;
  #memory: WebAssembly.Memory | undefined;
  #over: string | undefined;
  readonly #most: number;

  constructor(wasm: Uint8Array | undefined, limits: Limits) {
    this.#most = limits.memoryBytes ?? 256 << 20;
    const { exports } = started(compiled(wasm));
    [this.#memory, this.#functions] = checked(exports);
    const version = this.#run("ox_abi_version");
    if (version !== ABI_VERSION) {
      throw new ModuleError(`the module speaks version ${version} of the ABI, this package version ${ABI_VERSION}`);
    }
  }

  /** The status and the result of a call. The payload goes to the module in a block that is freed again. */
  call(name: Call, payload?: Payload, ...more: bigint[]): [number, Uint8Array] {
    if (payload === undefined) return [this.#run(name), this.#result(name)];
    // No block is empty: one byte more than is used.
    const block = this.#run("ox_alloc", payload.length + 1);
    if (block === 0) throw new NoRoomError(name, payload.length);
    payload.write(this.#bytes(name, block, payload.length, "its block lies outside its memory"));
    const status = this.#run(name, block, payload.length, ...more);
    const result = this.#result(name);
    if (this.#run("ox_free", block) !== 0) throw this.broken(name, "it does not take its block back");
    return [status, result];
  }

  /** The same of a call whose answer may come in several parts, of which there can be so many. */
  parts(name: Call, payload: Payload, most: number, ...more: bigint[]): [number, Uint8Array[]] {
    let [status, result] = this.call(name, payload, ...more);
    const parts = [result];
    let room = PARTS_MEMORY * this.#most;
    while (status === PART) {
      room -= result.length;
      if (parts.length > most || room < 0) throw this.broken(name, "it has more or larger parts than there can be");
      [status, result] = this.call("ox_more");
      parts.push(result);
    }
    return [status, parts];
  }

  /** The error for an answer that makes no sense; the instance is over. */
  broken(during: Call, what: string): BrokenError {
    return this.#broken(new AnswerError(during, what));
  }

  /** Lets go of the memory. */
  close(): void {
    this.#memory = undefined;
  }

  /** Linear memory in use. */
  get memoryBytes(): number {
    return this.#live().buffer.byteLength;
  }

  #live(): WebAssembly.Memory {
    if (this.#memory === undefined) throw new ClosedError(this.#over ?? "the engine is closed");
    return this.#memory;
  }

  #broken<E extends BrokenError>(error: E): E {
    this.#over = `this engine has failed before: ${error.message}`;
    this.#memory = undefined;
    return error;
  }

  #run(name: Call, ...values: (number | bigint)[]): number {
    const memory = this.#live();
    let value: number;
    try {
      value = this.#functions[name](...values);
    } catch (error) {
      // A trap, or a stack that is used up.
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
      const held = `${memory.buffer.byteLength} bytes of memory in use`;
      throw this.#broken(new TrapError(name, `trap: ${error.message}; ${held}`));
    }
    if (memory.buffer.byteLength > this.#most) {
      const held = `it holds ${memory.buffer.byteLength} bytes of memory, more than the ${this.#most} allowed`;
      throw this.#broken(new MemoryError(name, held));
    }
    return value;
  }

  #bytes(name: Call, address: number, length: number, otherwise: string): Uint8Array {
    const { buffer } = this.#live();
    const start = address >>> 0;
    if (start + length > buffer.byteLength) throw this.broken(name, otherwise);
    return new Uint8Array(buffer, start, length);
  }

  #result(name: Call): Uint8Array {
    const [address, length] = [this.#run("ox_result_ptr"), this.#run("ox_result_len") >>> 0];
    // A copy: the next call writes over it.
    return this.#bytes(name, length === 0 ? 0 : address, length, "its result lies outside its memory").slice();
  }
}

function compiled(wasm: Uint8Array | undefined): WebAssembly.Module {
  if (wasm === undefined && shipped !== undefined) return shipped;
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(wasm ?? readFileSync(`${DATA}/oxpecker.wasm`));
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError || error instanceof TypeError)) throw error;
    throw new ModuleError("not a WebAssembly module that can run here", { cause: error });
  }
  if (WebAssembly.Module.imports(module).length > 0) throw new ModuleError("the module has imports, and may have none");
  if (wasm === undefined) shipped = module;
  return module;
}

function started(module: WebAssembly.Module): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module);
  } catch (error) {
    throw new ModuleError("the module does not start", { cause: error });
  }
}

function checked(exports: WebAssembly.Exports): [WebAssembly.Memory, Functions] {
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new ModuleError("the module exports no memory");
  for (const [name, parameters] of Object.entries(EXPORTS)) {
    const found = exports[name];
    if (typeof found !== "function") throw new ModuleError(`the module has no function ${name}`);
    if (found.length !== parameters) throw new ModuleError(`the module's function ${name} has another type`);
  }
  return [memory, exports as unknown as Functions];
}
