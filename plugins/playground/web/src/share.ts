// The page's state in the address's fragment: JSON, deflated, in base64url. A fragment is not sent to any server.
//
// `oxpecker explain --link` writes the same.

/** What a link carries. */
export interface Shared {
  v: 1;
  mode: "filter" | "file";
  text: string;
  /** One of the shipped samples. */
  sample?: string;
  /** Events, one a line: only where the sender asked for it. */
  events?: string;
  /** The chosen event, counted from 0. */
  pick?: number;
}

const PREFIX = "#s=";
/** What a link may unpack to. */
const LIMIT = 32 << 20;

export async function toFragment(state: Shared): Promise<string> {
  const stream = new Blob([JSON.stringify(state)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return PREFIX + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The state of a fragment; null where there is none. Throws where it is broken. */
export async function fromFragment(fragment: string): Promise<Shared | null> {
  if (!fragment.startsWith(PREFIX)) return null;
  const binary = atob(fragment.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  const text = await unpack(bytes);
  const state = JSON.parse(text) as Partial<Shared>;
  const whole =
    state.v === 1 &&
    (state.mode === "filter" || state.mode === "file") &&
    typeof state.text === "string" &&
    ["string", "undefined"].includes(typeof state.sample) &&
    ["string", "undefined"].includes(typeof state.events) &&
    ["number", "undefined"].includes(typeof state.pick);
  if (!whole) throw new Error("it is of another version");
  return state as Shared;
}

async function unpack(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LIMIT) throw new Error("it unpacks to more than 32 MB");
    parts.push(value as Uint8Array<ArrayBuffer>);
  }
  return new Blob(parts).text();
}
