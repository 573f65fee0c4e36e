// The part of Node's WebAssembly that is used here; @types/node leaves it to the browser's types.

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): unknown[];
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Exports;
  }
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
  }
  type Exports = Record<string, unknown>;
  class CompileError extends Error {}
  class RuntimeError extends Error {}
}
