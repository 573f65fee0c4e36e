// Alerts of the rules over the loaded events: a time line, each alert with its events one by one, and what a suppression
// would hide before it is added.

import { add_suppression } from "../../engine/engine.js";
import type { App } from "../app";
import { count, fill, h, plural } from "../dom";
import { Outcome, type Alert, type Effect, type Row, type View } from "../types";
import { badge, json, when } from "./common";
import { effect } from "./effect";
import { fields, timeline } from "./timeline";

/** Alerts that are listed at once. */
const LISTED = 300;
/** Over more events, alerts are made when they are looked at. */
const MANY = 20_000;
/** Events shown before and after one. */
const AROUND = 3;

export class AlertsView {
  readonly element = h("div", { class: "alerts" });
  /** Those of the chosen rule, or all. */
  alerts: Alert[] = [];
  private all: Alert[] = [];
  private active = false;
  private times: Float64Array = new Float64Array();
  private field = "severity";
  private chosen = -1;
  private asked = 0;
  private detail = h("div", { class: "alert-detail", "aria-live": "polite" });
  private chart = h("div", {});

  constructor(
    private app: App,
    private changed: () => unknown,
  ) {
    app.on((change) => {
      if (change === "done" || change === "page") void this.run();
      if (change === "rules" && app.finished) this.narrow();
      if (change === "selection") this.drawChart();
    });
    // Only the width matters, and not in the same frame: drawing changes the height.
    let width = 0;
    new ResizeObserver(() => {
      if (width === this.element.clientWidth) return;
      width = this.element.clientWidth;
      requestAnimationFrame(() => this.drawChart());
    }).observe(this.element);
    void this.run();
  }

  private async run(): Promise<void> {
    const { app } = this;
    const mine = ++this.asked;
    if (app.mode === "filter" && app.page === "write") {
      this.alerts = this.all = [];
      this.changed();
      return fill(
        this.element,
        h(
          "div",
          { class: "empty" },
          h("p", {}, "A filter finds events. A rule groups them into alerts: with a window, a threshold, a title."),
          h("button", { class: "primary", onclick: () => app.switchTo("file") }, "Turn the filter into a rule"),
        ),
      );
    }
    if (!app.finished) return;
    // Over very many events, only for who looks at it.
    if (!this.active && app.events > MANY) {
      this.alerts = this.all = [];
      return void this.changed();
    }
    const found = await app.try("The alerts could not be made", async () => {
      const alerts = await app.engine.call<Alert[]>("alerts");
      return { alerts, times: await app.engine.call<Float64Array>("times") };
    });
    if (!found || mine !== this.asked) return;
    this.all = found.alerts;
    this.times = found.times;
    this.narrow();
  }

  /** Says whether this is looked at. */
  show(active: boolean): void {
    const now = active && !this.active;
    this.active = active;
    if (now && this.app.events > MANY) void this.run();
  }

  /** Shows the alerts of the chosen rule, or all. */
  private narrow(): void {
    const rule = this.app.rules[this.app.column]?.id;
    const before = this.alerts[this.chosen];
    this.alerts = rule === undefined ? this.all : this.all.filter((alert) => alert.rule_id === rule);
    const same = (alert: Alert) =>
      alert.rule_id === before?.rule_id && alert.first === before.first && JSON.stringify(alert.aggregate) === JSON.stringify(before.aggregate);
    this.chosen = this.alerts.findIndex(same);
    this.changed();
    this.draw();
  }

  private draw(): void {
    const { app } = this;
    const counts = app.counts();
    const matched = counts[Outcome.Matched]!;
    const suppressed = counts[Outcome.Suppressed]!;
    const select = h(
      "select",
      {
        "aria-label": "Lanes by",
        onchange: () => {
          this.field = select.value;
          this.drawChart();
        },
      },
      ...fields(this.alerts).map((field) => h("option", { value: field, selected: field === this.field }, field)),
    );
    this.drawChart();
    fill(
      this.element,
      h(
        "div",
        { class: "numbers" },
        this.number(count(matched), "matched"),
        this.number(count(suppressed), "suppressed"),
        this.number(count(this.alerts.length), this.alerts.length === 1 ? "alert" : "alerts"),
        h("label", { class: "by" }, "Lanes by ", select),
      ),
      app.column >= 0 &&
        app.rules.length > 1 &&
        h("p", { class: "only" }, h("span", {}, "Of ", h("b", {}, app.rules[app.column]?.name ?? "one rule")), h("button", { onclick: () => void app.choose(-1) }, `Show all ${count(this.all.length)}`)),
      this.chart,
      this.alerts.length === 0 ? this.none(matched) : this.list(),
      this.detail,
    );
    void this.drawDetail();
  }

  private none(matched: number): HTMLElement {
    const threshold = this.app.rules.length === 1 ? this.app.rules[0]!.threshold : 1;
    const why =
      matched === 0
        ? "No event matches, so there is no alert."
        : threshold > 1
          ? `${plural(matched, "event")} matched; no group reached the threshold of ${threshold} inside its window.`
          : "No alert.";
    return h("p", { class: "muted" }, why);
  }

  private number(value: string, label: string): HTMLElement {
    return h("div", { class: "number" }, h("b", {}, value), h("span", {}, label));
  }

  private drawChart(): void {
    const events = new Set(this.alerts.flatMap((alert) => alert.events));
    fill(
      this.chart,
      this.alerts.length > 0 &&
        timeline({
          alerts: this.alerts,
          times: this.times,
          matched: (event) => events.has(event),
          field: this.field,
          chosen: this.chosen,
          width: this.element.clientWidth - 34,
          event: this.app.selected,
          choose: (alert) => this.choose(alert),
        }),
    );
  }

  private choose(alert: number): void {
    this.chosen = alert;
    this.draw();
    const first = this.alerts[alert]?.events[0];
    if (first !== undefined) this.app.select(first);
  }

  private list(): HTMLElement {
    return h(
      "ol",
      { class: "alert-list" },
      ...this.alerts.slice(0, LISTED).map((alert, place) =>
        h(
          "li",
          {},
          h(
            "button",
            { class: `alert-row${place === this.chosen ? " selected" : ""}`, "aria-pressed": String(place === this.chosen), onclick: () => this.choose(place) },
            badge(alert.severity),
            h("span", { class: "time" }, when(alert.first_seen)),
            h("span", { class: "title" }, alert.title),
            h("span", { class: "count" }, `${count(alert.count)}×`),
          ),
        ),
      ),
      this.alerts.length > LISTED && h("li", { class: "muted" }, `and ${count(this.alerts.length - LISTED)} more`),
    );
  }

  private async drawDetail(): Promise<void> {
    const alert = this.alerts[this.chosen];
    if (!alert) return fill(this.detail);
    const chosen = this.chosen;
    await this.app.try("The alert could not be read", async () => {
      const place = this.all.indexOf(alert);
      const record = await this.app.engine.call<View>("record", place);
      const suppression = await this.app.engine.call<{ filter?: string; error?: string }>("suppression", place);
      if (chosen !== this.chosen) return;
      fill(
        this.detail,
        h("h3", {}, alert.title),
        h("p", { class: "muted" }, `${alert.rule} · ${plural(alert.count, "event")} from ${when(alert.first_seen)} to ${when(alert.last_seen)}${alert.suppressed > 0 ? ` · ${count(alert.suppressed)} suppressed` : ""}`),
        this.steps(alert),
        this.app.page === "write" && this.suppress(alert, suppression.filter ?? "", suppression.error),
        h("details", { class: "record" }, h("summary", {}, "The alert record"), json(record, "Alert record")),
      );
    });
  }

  /** Stepping through the events of an alert, with those around each. */
  private steps(alert: Alert): HTMLElement {
    const { app } = this;
    const box = h("div", { class: "steps" });
    const draw = async (place: number): Promise<void> => {
      const event = alert.events[place];
      if (event === undefined) return fill(box, h("p", { class: "muted" }, "Its events are not among those that are loaded."));
      const order = this.order();
      const at = order.indexOf(event);
      const near = order.slice(Math.max(0, at - AROUND), at + AROUND + 1);
      const rows = await app.try("The events could not be read", () => app.engine.call<Row[]>("rows", Uint32Array.from(near)));
      if (!rows) return;
      const step = (to: number) => {
        app.select(alert.events[to]!);
        void draw(to);
      };
      fill(
        box,
        h(
          "div",
          { class: "stepper" },
          h("button", { disabled: place === 0, onclick: () => step(place - 1), "aria-label": "Event before" }, "←"),
          h("span", {}, `contributing event ${place + 1} of ${alert.events.length}`),
          h("button", { disabled: place + 1 >= alert.events.length, onclick: () => step(place + 1), "aria-label": "Event after" }, "→"),
        ),
        h(
          "ol",
          { class: "around" },
          ...near.map((other, row) =>
            h(
              "li",
              { class: other === event ? "here" : alert.events.includes(other) ? "part" : "" },
              h("button", { class: "link", onclick: () => app.select(other) }, `${when(rows[row]!.time)}  ${rows[row]!.what ?? ""}`),
              h("span", { class: "muted" }, ` ${rows[row]!.who ?? ""}`),
            ),
          ),
        ),
      );
    };
    void draw(0);
    return box;
  }

  /** The events in the order of their times. */
  private order(): number[] {
    const order = Array.from(this.times.keys()).filter((event) => !Number.isNaN(this.times[event]!));
    return order.sort((a, b) => this.times[a]! - this.times[b]!);
  }

  private suppress(alert: Alert, filter: string, error: string | undefined): HTMLElement {
    const { app } = this;
    const input = h("textarea", { class: "code", rows: "2", spellcheck: "false", "aria-label": "Suppression", value: filter });
    const reason = h("input", { type: "text", "aria-label": "Reason", placeholder: "why it is harmless", value: "known and harmless" });
    const out = h("div", { "aria-live": "polite" });
    const files = (): [string, string][] | undefined => {
      const changed = add_suppression(app.texts.file, alert.rule_id, input.value, reason.value);
      if (changed === undefined) fill(out, h("p", { class: "failure" }, "This is no filter, or the rule cannot be added to by machine."));
      return changed === undefined ? undefined : [["rules.yaml", changed]];
    };
    const preview = async () => {
      const changed = files();
      if (!changed) return;
      const found = await app.try("The effect could not be worked out", () => app.engine.call<Effect>("effect", changed, alert.rule_id));
      if (found) fill(out, effect(found));
    };
    return h(
      "details",
      { class: "suppress" },
      h("summary", {}, "Silence alerts like this one"),
      error && h("p", { class: "failure" }, error),
      h("p", { class: "muted" }, "Events that match this raise nothing and are counted as suppressed. See what it hides before it is added."),
      input,
      reason,
      h(
        "div",
        { class: "buttons" },
        h("button", { onclick: () => void preview() }, "What would it hide?"),
        h(
          "button",
          {
            class: "primary",
            onclick: () => {
              const changed = files();
              if (!changed) return;
              app.editor.replace(changed[0]![1]);
              app.say(`The suppression was added to the rule ${alert.rule_id}.`);
            },
          },
          "Add it to the rule",
        ),
      ),
      out,
    );
  }
}
