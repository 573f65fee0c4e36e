// The dialogs: a link to share, and the keys.

import type { App } from "../app";
import { count, h } from "../dom";
import { toFragment } from "../share";
import { copy } from "./common";

/** A longer address is cut by some programs that pass it on. */
const LONG = 8_000;

function sheet(label: string, ...children: (Node | false | null)[]): HTMLDialogElement {
  const dialog: HTMLDialogElement = h("dialog", { class: "sheet", "aria-label": label, onclose: () => dialog.remove() });
  dialog.append(
    ...children.filter((child): child is Node => child instanceof Node),
    h("div", { class: "buttons" }, h("button", { onclick: () => dialog.close() }, "Close")),
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const address = (fragment: string) => `${location.origin}${location.pathname}${fragment}`;

export async function share(app: App): Promise<void> {
  const without = address(await toFragment(await app.shared(false)));
  const own = app.source.kind === "text" || app.source.kind === "files";
  const box = (label: string, link: string) => {
    const input = h("input", { type: "text", readonly: true, value: link, "aria-label": label, onfocus: () => input.select() });
    const button = h(
      "button",
      {
        class: "primary",
        onclick: async () => {
          const done = await copy(link);
          button.textContent = done ? "Copied" : "Select and copy";
          if (!done) input.select();
        },
      },
      "Copy",
    );
    return h("div", { class: "link-box" }, input, button);
  };
  const extra = h("div", {});
  const withEvents = async () => {
    if (app.events > 20_000) return extra.replaceChildren(h("p", { class: "failure" }, `${count(app.events)} events are too many for a link.`));
    const link = address(await toFragment(await app.shared(true)));
    extra.replaceChildren(
      box("Link with events", link),
      link.length > LONG ? h("p", { class: "muted" }, `It has ${count(link.length)} characters: mail and chat may cut it.`) : "",
    );
  };
  sheet(
    "Share",
    h("h2", {}, "Share"),
    h("h3", {}, own ? "Without the events" : app.source.kind === "sample" ? "The text and the sample" : "The text"),
    h("p", { class: "muted" }, "The link holds what is in the editor, in the part of the address that no server is sent."),
    box("Link without events", without),
    own && app.events > 0 && h("h3", {}, "With the events"),
    own && app.events > 0 && h("p", {}, h("strong", {}, `The ${count(app.events)} events travel inside this link.`), " Whoever has the link can read them, secrets included."),
    own && app.events > 0 && h("button", { onclick: () => void app.try("The link could not be made", withEvents) }, "Make a link with the events"),
    own && app.events > 0 && extra,
  );
}

export function help(): void {
  const keys: [string, string][] = [
    ["Ctrl Space", "complete: keys of the loaded events, operators, values"],
    ["Ctrl Enter", "format the filter"],
    ["Ctrl .", "next problem in the text"],
    ["Ctrl Z, Ctrl Shift Z", "undo, redo"],
    ["F6", "next part of the page: editor, events, why"],
    ["↑ ↓ Home End", "in the list of events: choose"],
    ["Esc", "close what is open"],
  ];
  sheet(
    "Help",
    h("h2", {}, "Keys"),
    h("dl", { class: "keys" }, ...keys.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("p", { class: "muted" }, "Everything runs in this page, in the same engine as the command line. Events, rules and links are sent nowhere."),
  );
}
