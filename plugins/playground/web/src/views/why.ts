// Why the chosen event matches or does not: the filter as a tree, the nearest miss, and the event with the values marked.

import { add_test } from "../../engine/engine.js";
import type { App } from "../app";
import { fill, h, visible } from "../dom";
import type { Part, Suppression, Why } from "../types";
import { coloured, copy, json, when } from "./common";

const SIGN = { match: "✓", "no match": "✗", undecided: "?" };
const WORD = { match: "true", "no match": "false", undecided: "undecided" };
const OUTCOME = {
  match: ["matched", "Matches"],
  "no match": ["none", "Does not match"],
  undecided: ["undecided", "Undecided: its source cut what the filter asks for"],
  suppressed: ["suppressed", "Matches, and a suppression hides it"],
} as const;

export class WhyView {
  readonly element = h("div", { class: "why" });
  private asked = 0;

  constructor(private app: App) {
    app.on((change) => {
      if (change === "selection" || change === "done" || change === "page") void this.draw();
      if (change === "events" && app.selected < 0) void this.draw();
    });
    void this.draw();
  }

  private async draw(): Promise<void> {
    const { app } = this;
    const mine = ++this.asked;
    const event = app.selected;
    if (event < 0 || event >= app.events) return fill(this.element, this.nothing());
    await app.try("The event could not be explained", async () => {
      const column = app.column >= 0 ? app.column : await app.engine.call<number>("columnOf", event);
      const why = await app.engine.call<Why>("why", event, column);
      if (mine !== this.asked) return;
      const top = this.element.scrollTop;
      fill(this.element, ...this.parts(event, column, why));
      this.element.scrollTop = top;
    });
  }

  private nothing(): HTMLElement {
    return h("div", { class: "empty" }, h("p", {}, "Choose an event to see why it matches, or why not."));
  }

  private parts(event: number, column: number, why: Why): (HTMLElement | null)[] {
    const { app } = this;
    const rule = app.rules[column];
    if (why.rejected !== undefined) {
      return [
        h("div", { class: "verdict rejected" }, h("strong", {}, "Rejected"), h("span", {}, why.rejected)),
        h("p", { class: "muted" }, "It is no event, so no rule sees it. It is counted, and never dropped in silence."),
        this.event(event, why, false),
      ];
    }
    if (app.blank) {
      // What the last question marked is not of this one.
      const spans = why.view.spans.map((number, place) => (place % 3 === 2 ? number & 15 : number));
      return [
        h("p", { class: "muted" }, "Nothing is asked yet: write a filter, or click a value."),
        this.event(event, { ...why, view: { ...why.view, spans } }, true),
      ];
    }
    if (!why.tree || !why.outcome) return [this.event(event, why, false)];
    const [name, words] = OUTCOME[why.outcome];
    return [
      h(
        "div",
        { class: `verdict ${name}`, role: "status" },
        h("strong", {}, words),
        h("span", {}, [rule?.name, why.type, when(why.time)].filter(Boolean).join(" · ")),
      ),
      why.outcome === "no match" ? this.miss(why) : null,
      h("ul", { class: "tree", "aria-label": "The filter on this event" }, this.tree(why.tree)),
      ...(why.suppressions ?? []).map((suppression) => this.suppression(suppression)),
      this.event(event, why, true, rule?.id),
    ];
  }

  private miss(why: Why): HTMLElement | null {
    const parts: Part[] = [];
    const collect = (part: Part): void => {
      if (part.miss) parts.push(part);
      part.children.forEach(collect);
    };
    collect(why.tree!);
    if (parts.length === 0) return null;
    const one = parts.length === 1;
    return h(
      "div",
      { class: "miss-box" },
      h("h3", {}, one ? "Nearest miss: one condition kept it from matching" : `Nearest miss: ${parts.length} conditions kept it from matching`),
      h(
        "ul",
        {},
        ...parts.map((part) =>
          h("li", {}, coloured(part.text), h("span", { class: "found" }, part.note ?? `found ${part.values.map((value) => visible(value)).join(", ")}`)),
        ),
      ),
    );
  }

  private tree(part: Part): HTMLElement {
    const composite = part.children.length > 0;
    const words = part.text === "and" ? "all of" : part.text === "or" ? "any of" : "not";
    const range = part.at;
    const line = h(
      composite ? "div" : "button",
      {
        class: `node ${part.verdict.replace(" ", "-")}${part.miss ? " missed" : ""}`,
        ...(range && this.app.mode === "filter"
          ? {
              title: "Show it in the filter",
              onclick: () => this.app.editor.goTo(range),
              onmouseenter: () => this.app.editor.show(range),
              onmouseleave: () => this.app.editor.show(null),
              onfocus: () => this.app.editor.show(range),
              onblur: () => this.app.editor.show(null),
            }
          : composite
            ? {}
            : { disabled: true }),
      },
      h("span", { class: "sign", "aria-hidden": "true" }, SIGN[part.verdict]),
      h("span", { class: "hidden-text" }, `${WORD[part.verdict]}: `),
      composite ? h("span", { class: "join" }, words) : coloured(part.text),
      composite ? null : this.found(part),
    );
    return h("li", {}, line, composite ? h("ul", {}, ...part.children.map((child) => this.tree(child))) : null);
  }

  private found(part: Part): HTMLElement {
    if (part.note !== null) return h("span", { class: "found note" }, part.note);
    const more = part.left_out > 0 ? ` and ${part.left_out} more` : "";
    return h("span", { class: "found" }, `${part.values.join(", ")}${more}`);
  }

  private suppression(suppression: Suppression): HTMLElement {
    return h(
      "details",
      { class: `suppression${suppression.hides ? " hides" : ""}`, open: suppression.hides },
      h(
        "summary",
        {},
        suppression.hides ? "Hidden by a suppression" : suppression.in_force ? "A suppression that does not apply" : "A suppression that has expired",
        suppression.reason && h("span", { class: "muted" }, ` — ${suppression.reason}`),
      ),
      h("ul", { class: "tree" }, this.tree(suppression.tree)),
    );
  }

  private event(event: number, why: Why, picks: boolean, rule?: string): HTMLElement {
    const { app } = this;
    const pick = picks && app.mode === "filter" ? (unit: number) => void this.pick(event, unit) : undefined;
    return h(
      "div",
      { class: "event" },
      h(
        "div",
        { class: "event-head" },
        h("h3", {}, `Event ${event + 1}`),
        pick && h("span", { class: "muted hint" }, "click a value to ask for it"),
        h("button", { onclick: () => void this.test(event, why, rule) }, "Make a test of it"),
        h("button", { onclick: () => void this.copy(event) }, "Copy"),
      ),
      json(why.view, `Event ${event + 1} as JSON`, pick),
    );
  }

  private async copy(event: number): Promise<void> {
    const text = await this.app.try("The event could not be read", () => this.app.engine.call<string>("event", event));
    if (text === undefined) return;
    this.app.say((await copy(text)) ? "The event was copied." : "The browser does not allow copying here.");
  }

  /** Adds the condition of a value to the filter. */
  private async pick(event: number, unit: number): Promise<void> {
    const { app } = this;
    const condition = await app.try("The value could not be read", () => app.engine.call<string | undefined>("condition", event, unit));
    if (!condition) return;
    const before = app.editor.text.trimEnd();
    const text = before === "" ? condition : `${before}\nand ${condition}`;
    app.editor.replace(text);
    app.say(`Added ${condition}`);
  }

  /** Makes a test of the event: in the rule at hand, or in a rule made of the filter. */
  private async test(event: number, why: Why, rule: string | undefined): Promise<void> {
    const { app } = this;
    const text = await app.try("The event could not be read", () => app.engine.call<string>("event", event));
    if (text === undefined) return;
    if (app.mode === "filter") app.switchTo("file");
    const id = rule ?? app.rules[0]?.id ?? "my-rule";
    const expect = { match: "alert", "no match": "nothing", suppressed: "suppressed", undecided: "undecided" }[why.outcome ?? "no match"];
    const name = `event ${event + 1} gives ${expect}`;
    const file = add_test(app.texts.file, id, name, expect, text);
    if (file === undefined) {
      return app.say(`The test could not be added to the rule ${id}: add it by hand under \`tests:\`.`, "error");
    }
    app.editor.replace(file);
    app.say(`A test was added to the rule ${id}: this event must give “${expect}”.`);
    app.tell("page");
  }
}
