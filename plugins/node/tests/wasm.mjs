// Small modules with the ABI's exports, which trap, lie or never end as a test asks.

const unsigned = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]);
const signed = (value) =>
  value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
const list = (items) => [...unsigned(items.length), ...items.flat()];
const text = (string) => list([...Buffer.from(string)]);
const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];
const I32 = 0x7f;
const I64 = 0x7e;
const PARAMETERS = [[], [I32], [I32, I32], [I32, I32, I64]];

/** Instructions; the globals are where the result lies, how long it is, and how often a function was called. */
export const number = (value) => [0x41, ...signed(value)];
export const set = (global, value) => [...value, 0x24, global];
export const result = (at, length, status = 0) => [...set(0, number(at)), ...set(1, number(length)), ...number(status)];
export const UNREACHABLE = [0x00];
export const OUT_OF_BOUNDS = [...number(-4), 0x28, 2, 0];
export const GROW = [...number(100), 0x40, 0, 0x1a, ...number(0)];
/** One value at the first call, another at all later ones. */
export const firstThen = (first, later) => [
  ...set(2, [0x23, 2, ...number(1), 0x6a]), ...number(first), ...number(later), 0x23, 2, ...number(1), 0x46, 0x1b,
];

const REPORT = '{"rules":0,"disabled":0,"rule_ids":["r"],"problems":[]}';
const FUNCTIONS = {
  ox_abi_version: [0, number(1)],
  ox_alloc: [1, number(1024)],
  ox_free: [1, number(0)],
  ox_result_ptr: [0, [0x23, 0]],
  ox_result_len: [0, [0x23, 1]],
  ox_load: [2, result(0, REPORT.length)],
  ox_match: [3, result(256, 16)],
  ox_flush: [0, result(0, 0)],
  ox_save: [0, number(0)],
  ox_restore: [2, number(0)],
  ox_stats: [0, number(0)],
  ox_eval: [2, number(0)],
  ox_detect: [3, number(0)],
  ox_window: [3, number(0)],
  ox_more: [0, number(0)],
};

/** A module whose answer to a batch is `answer`, with other bodies for some functions; null leaves one out. */
export function module(bodies = {}, answer = [1], imports = []) {
  const names = Object.keys(FUNCTIONS).filter((name) => bodies[name] !== null);
  const types = PARAMETERS.map((parameters) => [0x60, ...list(parameters), 1, I32]);
  const globals = Array.from({ length: 3 }, () => [I32, 1, ...number(0), 0x0b]);
  const exports = names.map((name, place) => [...text(name), 0, place + imports.length]);
  const codes = names.map((name) => {
    const code = [0, ...(bodies[name] ?? FUNCTIONS[name][1]), 0x0b];
    return [...unsigned(code.length), ...code];
  });
  const data = [[0, Buffer.from(REPORT)], [256, answer]];
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, list(types)),
    ...section(2, list(imports.map((name) => [...text("a"), ...text(name), 0, 0]))),
    ...section(3, list(names.map((name) => [FUNCTIONS[name][0]]))),
    ...section(5, list([[0, 2]])),
    ...section(6, list(globals)),
    ...section(7, list([...exports, [...text("memory"), 2, 0]])),
    ...section(10, list(codes)),
    ...section(11, list(data.map(([at, bytes]) => [0, ...number(at), 0x0b, ...list([...bytes])]))),
  ]);
}
