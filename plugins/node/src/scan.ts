// Where a JSON value ends. The text is looked at once, without recursion and without making values of it: only enough of
// the grammar is known to notice where a line that was cut off is followed by another event.

/** More text is needed to know. */
export const MORE = -1;
/** There is no value here. */
export const BROKEN = -2;

const [TAB, LF, CR, BLANK, QUOTE, COMMA, COLON, BACKSLASH] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** What the engine rejects at 127 need not be followed for ever. */
const DEEPEST = 10_000;

export function isBlank(byte: number | undefined): boolean {
  return byte === BLANK || byte === LF || byte === CR || byte === TAB;
}

/** The first place from `at` on that is no blank. */
export function skipBlanks(text: Uint8Array, at: number): number {
  while (isBlank(text[at])) at += 1;
  return at;
}

/** Where the value that begins at `at` ends; `whole` says that no more text comes. */
export function valueEnd(text: Uint8Array, at: number, whole: boolean): number {
  const open: number[] = [];
  /** Whether a value may stand here: at the beginning, behind a bracket, a comma, a colon. */
  let wanted = true;
  for (at = skipBlanks(text, at); at < text.length; at = skipBlanks(text, at)) {
    const byte = text[at];
    if (byte === COMMA || byte === COLON) {
      if (wanted || open.length === 0) return BROKEN;
      wanted = true;
      at += 1;
      continue;
    }
    if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (open.pop() !== byte) return BROKEN;
      at += 1;
    } else if (!wanted || open.length > DEEPEST) {
      return BROKEN;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      open.push(byte === OPEN_ARRAY ? CLOSE_ARRAY : CLOSE_OBJECT);
      at += 1;
      continue;
    } else {
      at = byte === QUOTE ? textEnd(text, at) : wordEnd(text, at);
      if (at < 0) return at;
      if (at === text.length && !whole && byte !== QUOTE) return MORE;
    }
    wanted = false;
    if (open.length === 0) return at;
  }
  return MORE;
}

/** Behind the text in quotes that begins at `at`. It never goes on over a line's end. */
function textEnd(text: Uint8Array, at: number): number {
  for (at += 1; at < text.length; at += 1) {
    const byte = text[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte < BLANK) return BROKEN;
    if (byte === BACKSLASH) at += 1;
  }
  return MORE;
}

/** Behind a number, `true`, `null` or other letters. */
function wordEnd(text: Uint8Array, at: number): number {
  const ends = [QUOTE, COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT];
  while (at < text.length && !isBlank(text[at]) && !ends.includes(text[at] as number)) at += 1;
  return at;
}

/** Behind the bracket of `{"Records": [`, if that is what stands at `at`. */
export function recordsStart(text: Uint8Array, at: number, whole: boolean): number {
  for (const token of ["{", '"Records"', ":", "["]) {
    at = skipBlanks(text, at);
    for (let place = 0; place < token.length; place += 1, at += 1) {
      if (at >= text.length) return whole ? BROKEN : MORE;
      if (text[at] !== token.charCodeAt(place)) return BROKEN;
    }
  }
  return at;
}
