// The page's side of the workers.

import loaderUrl from "./loader?worker&url";
import workerUrl from "./worker?worker&url";
import type { Progress, ReadAnswer } from "./types";
import { module } from "./wasm";

interface Policy {
  createScriptURL(url: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

// The only addresses that may become code: those of the two workers.
const policy: Policy = (globalThis as unknown as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("oxpecker", {
  createScriptURL: (url) => {
    if (url !== loaderUrl && url !== workerUrl) throw new TypeError("not one of the page's workers");
    return url;
  },
}) ?? { createScriptURL: (url) => url };

const spawn = (url: string) => new Worker(policy.createScriptURL(url), { type: "module" });

/** The engine failed in a way that it cannot go on from. */
export class Broken extends Error {}

export class Engine {
  private worker: Worker | undefined;
  private next = 1;
  private open = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>();
  onprogress: (progress: Progress) => void = () => {};
  onbroken: (message: string) => void = () => {};

  /** Starts the worker, or another one in its place: events and questions are gone then. */
  async start(): Promise<void> {
    this.stop("the engine was started again");
    const worker = spawn(workerUrl);
    this.worker = worker;
    worker.onmessage = (message) => this.take(message.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.broken(event.message || "the worker could not be started");
    };
    await this.call("init", await module());
  }

  private stop(why: string): void {
    this.worker?.terminate();
    this.worker = undefined;
    for (const { reject } of this.open.values()) reject(new Broken(why));
    this.open.clear();
  }

  private broken(message: string): void {
    this.stop(message);
    this.onbroken(message);
  }

  private take(data: { id?: number; answer?: never; error?: string; fatal?: boolean; progress?: Progress }): void {
    if (data.progress) return this.onprogress(data.progress);
    const waiting = this.open.get(data.id!);
    if (!waiting) return;
    this.open.delete(data.id!);
    if (data.error === undefined) return waiting.resolve(data.answer!);
    waiting.reject(data.fatal ? new Broken(data.error) : new Error(data.error));
    if (data.fatal) this.broken(data.error);
  }

  call<T>(call: string, ...args: unknown[]): Promise<T> {
    return this.post(call, args, []);
  }

  /** Hands over a batch of events without copying it. */
  add(batch: Uint8Array): Promise<number> {
    return this.post("add", [batch], [batch.buffer]);
  }

  private post<T>(call: string, args: unknown[], transfer: Transferable[]): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.worker) return reject(new Broken("the engine is not running"));
      const id = this.next++;
      this.open.set(id, { resolve, reject });
      this.worker.postMessage({ id, call, args }, transfer);
    });
  }
}

/** Reading files, until it is done or stopped. */
export class Reading {
  private worker: Worker | undefined;
  private end: ((error: Error) => void) | undefined;
  stopped = false;

  /** Reads one file; `take` gets its events. */
  async read(file: File, take: (batch: Uint8Array, bytes: number) => void): Promise<ReadAnswer> {
    const compiled = await module();
    if (this.stopped) throw new Error("stopped");
    const worker = spawn(loaderUrl);
    this.worker = worker;
    try {
      return await new Promise<ReadAnswer>((resolve, reject) => {
        this.end = reject;
        worker.onerror = (event) => reject(new Error(event.message || "the file could not be read"));
        worker.onmessage = ({ data }) => {
          if (data.batch) take(data.batch, data.bytes);
          else if (data.answer) resolve(data.answer);
          else reject(new Error(data.error));
        };
        worker.postMessage({ module: compiled, file });
      });
    } finally {
      worker.terminate();
    }
  }

  stop(): void {
    this.stopped = true;
    this.worker?.terminate();
    this.end?.(new Error("stopped"));
  }
}
