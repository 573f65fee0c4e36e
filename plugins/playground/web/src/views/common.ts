// Pieces that several views draw.

import { tokens } from "../../engine/engine.js";
import { CLASSES } from "../editor/theme";
import { h, visible } from "../dom";
import { Outcome, type View } from "../types";

export const SIGNS: Record<number, { sign: string; word: string; name: string }> = {
  [Outcome.NotYet]: { sign: "", word: "not evaluated", name: "wait" },
  [Outcome.NoMatch]: { sign: "·", word: "no match", name: "none" },
  [Outcome.Undecided]: { sign: "?", word: "undecided", name: "undecided" },
  [Outcome.Suppressed]: { sign: "◌", word: "suppressed", name: "suppressed" },
  [Outcome.Matched]: { sign: "✓", word: "matched", name: "matched" },
  [Outcome.Rejected]: { sign: "!", word: "rejected", name: "rejected" },
};

/** A filter with the engine's colours. */
export function coloured(filter: string): HTMLElement {
  const spans = tokens(filter);
  const code = h("code", { class: "filter" });
  let last = 0;
  for (let at = 0; at + 2 < spans.length; at += 3) {
    const [from, to, kind] = [spans[at]!, spans[at + 1]!, spans[at + 2]!];
    if (from < last) continue;
    code.append(visible(filter.slice(last, from)), h("span", { class: CLASSES[kind]! }, filter.slice(from, to)));
    last = to;
  }
  code.append(visible(filter.slice(last)));
  return code;
}

const KINDS = ["", "j-key", "j-text", "j-number", "j-word"];
const HIT = 16;
const MISS = 32;
/** Lines that are drawn at once. */
const LINES = 2_500;

/** A JSON text with its colours and marks; `pick` is told the place of a value that is chosen. */
export function json(view: View, label: string, pick?: (unit: number) => void): HTMLElement {
  const pre = h("pre", { class: "json", tabindex: "0", "aria-label": label });
  let last = 0;
  let lines = 0;
  const { text, spans } = view;
  let shown = text.length;
  for (let at = 0, seen = 0; (at = text.indexOf("\n", at)) >= 0; at++) if (++seen === LINES) shown = at;
  for (let at = 0; at + 2 < spans.length; at += 3) {
    const [from, to, kind] = [spans[at]!, spans[at + 1]!, spans[at + 2]!];
    if (from >= shown) break;
    if (from > last) pre.append(visible(text.slice(last, from)));
    const mark = kind & HIT ? " hit" : kind & MISS ? " miss" : "";
    const value = (kind & 15) > 1;
    const span = h("span", { class: `${KINDS[kind & 15] ?? ""}${mark}` }, text.slice(from, to));
    if (value && pick) span.dataset.unit = String(from);
    if (mark) span.title = kind & HIT ? "made a condition true" : "kept a condition from being true";
    pre.append(span);
    last = to;
    lines++;
  }
  if (last < shown) pre.append(visible(text.slice(last, shown)));
  if (shown < text.length || view.cut) pre.append(h("span", { class: "muted" }, "\n… the rest is not shown"));
  if (pick) {
    pre.addEventListener("click", (event) => {
      const unit = (event.target as HTMLElement).dataset.unit;
      if (unit !== undefined && getSelection()?.isCollapsed !== false) pick(Number(unit));
    });
    pre.classList.add("pickable");
  }
  return pre;
}

export const badge = (severity: number): HTMLElement =>
  h("span", { class: `severity s${severity}`, title: `severity ${severity}` }, String(severity));

/** `2026-03-02T09:12:41.000Z` as `02 Mar 09:12:41`. */
export function when(time: string | null | undefined): string {
  const found = time?.match(/^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/);
  if (!found) return "no time";
  const month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Number(found[2]) - 1];
  return `${found[3]} ${month} ${found[4]}`;
}

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
