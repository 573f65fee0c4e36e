// Reads one file in a worker of its own: ending the worker ends the reading, whatever the file holds.

import { initSync, read } from "../engine/engine.js";

// Only workers have it, and the types are those of a page.
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

self.onmessage = (message: MessageEvent<{ module: WebAssembly.Module; file: File }>) => {
  const { module, file } = message.data;
  try {
    initSync({ module });
    const reader = new FileReaderSync();
    const pull = (offset: number, length: number) =>
      new Uint8Array(reader.readAsArrayBuffer(file.slice(offset, offset + length)));
    const push = (batch: Uint8Array, bytes: number) =>
      self.postMessage({ batch, bytes: Math.min(bytes, file.size) }, { transfer: [batch.buffer] });
    self.postMessage({ answer: JSON.parse(read(pull, push)) });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
