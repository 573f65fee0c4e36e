// The engine's module: fetched and compiled once, for the page and for its workers.

import url from "../engine/engine_bg.wasm?url";
import { initSync } from "../engine/engine.js";

let compiled: Promise<WebAssembly.Module> | undefined;

/** The compiled module; fetched from the page's own folder. */
export function module(): Promise<WebAssembly.Module> {
  compiled ??= fetchAndCompile();
  return compiled;
}

async function fetchAndCompile(): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the engine could not be fetched: ${response.status} ${response.statusText}`);
  // A server that does not know the type of .wasm files is no reason to fail.
  if (response.headers.get("content-type")?.startsWith("application/wasm")) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Makes the engine's functions ready on this page. */
export async function ready(): Promise<void> {
  initSync({ module: await module() });
}
