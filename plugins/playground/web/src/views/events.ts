// The list of events: a window on as many rows as are seen, whatever their number.

import type { App } from "../app";
import { count, fill, h, plural } from "../dom";
import { SAMPLES } from "../samples";
import { Outcome, type Row } from "../types";
import { SIGNS, when } from "./common";

/** Pixels that a list may be high in every browser. */
const TALLEST = 15_000_000;
const AROUND = 12;

const KINDS: [string, string, number[]][] = [
  ["All", "all", [0, 1, 2, 3, 4, 5]],
  ["Matched", "matched", [Outcome.Matched]],
  ["Suppressed", "suppressed", [Outcome.Suppressed]],
  ["Not matched", "none", [Outcome.NoMatch]],
  ["Undecided", "undecided", [Outcome.Undecided]],
  ["Rejected", "rejected", [Outcome.Rejected]],
];

export class EventsView {
  readonly element: HTMLElement;
  private kind = 0;
  private shown: Uint32Array = new Uint32Array();
  private rows = new Map<number, Row>();
  private asked = new Set<number>();
  private list = h("div", { class: "rows", role: "listbox", tabindex: "0", "aria-label": "Events" });
  private space = h("div", { class: "space", role: "presentation" });
  private chips = h("div", { class: "chips", role: "group", "aria-label": "Show events" });
  private status = h("p", { class: "status", role: "status" });
  private progress = h("div", { class: "progress" });
  private bar = h("progress", { max: "1", value: 0, "aria-label": "Reading" });
  private reading = h("span", {});
  private samples: HTMLSelectElement;
  private drawn = 0;

  constructor(private app: App) {
    this.samples = h(
      "select",
      { "aria-label": "Sample events", onchange: () => this.sample() },
      h("option", { value: "" }, "Samples…"),
      ...SAMPLES.map((sample) => h("option", { value: sample.id }, sample.name)),
    );
    const input = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      accept: ".json,.ndjson,.jsonl,.log,.txt,.gz",
      "aria-label": "Files with events",
      onchange: () => {
        if (input.files?.length) void app.loadFiles([...input.files]);
        input.value = "";
      },
    });
    this.list.append(this.space);
    this.element = h(
      "section",
      { class: "panel events", "aria-labelledby": "events-title" },
      h(
        "header",
        {},
        h("h2", { id: "events-title" }, "Events"),
        this.samples,
        h("button", { onclick: () => input.click() }, "Open files"),
        h("button", { onclick: () => this.paste() }, "Paste"),
        input,
      ),
      this.chips,
      this.progress,
      this.list,
      this.status,
    );
    this.list.addEventListener("scroll", () => this.draw(), { passive: true });
    this.list.addEventListener("click", (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>("[data-event]");
      if (row) app.select(Number(row.dataset.event));
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(this.list);
    app.on((change) => {
      if (change === "events" || change === "verdicts") {
        if (change === "events") this.forget();
        this.filter();
      }
      if (change === "loading") this.drawProgress();
      if (change === "selection") this.toSelected();
      if (change === "text") this.samples.value = app.source.kind === "sample" ? app.source.id : "";
    });
    this.filter();
  }

  private forget(): void {
    this.rows = new Map();
    this.asked = new Set();
    this.samples.value = this.app.source.kind === "sample" ? this.app.source.id : "";
  }

  private async sample(): Promise<void> {
    const sample = SAMPLES.find((sample) => sample.id === this.samples.value);
    if (!sample) return;
    await this.app.loadSample(sample.id);
    // A filter of one's own stays; one that came with a sample goes with it.
    const ours = SAMPLES.some((known) => known.filter === this.app.texts.filter);
    if (this.app.mode === "filter" && (ours || this.app.texts.filter.trim() === "")) this.app.open("filter", sample.filter);
    this.app.tell("events");
  }

  private paste(): void {
    const box = h("textarea", {
      class: "code",
      rows: "12",
      spellcheck: "false",
      "aria-label": "Events as JSON",
      placeholder: '{"eventName": "StartSession", …}\n\nOne event a line, a document, an array, or CloudTrail\'s {"Records": […]}',
    });
    const close = (take: boolean) => {
      dialog.close();
      dialog.remove();
      if (take && box.value.trim() !== "") void this.app.loadText(box.value);
    };
    const dialog = h(
      "dialog",
      { class: "sheet", "aria-label": "Paste events", onclose: () => dialog.remove() },
      h("h2", {}, "Paste events"),
      h("p", { class: "muted" }, "They stay in this page: nothing is sent anywhere."),
      box,
      h("div", { class: "buttons" }, h("button", { onclick: () => close(false) }, "Cancel"), h("button", { class: "primary", onclick: () => close(true) }, "Load")),
    );
    document.body.append(dialog);
    dialog.showModal();
    box.focus();
  }

  /** The events of the chosen kind. */
  private filter(): void {
    const { outcomes, events } = this.app;
    const wanted = KINDS[this.kind]![2];
    if (this.kind === 0) this.shown = Uint32Array.from({ length: Math.max(events, outcomes.length) }, (_, event) => event);
    else {
      const shown: number[] = [];
      for (let event = 0; event < outcomes.length; event++) if (wanted.includes(outcomes[event]!)) shown.push(event);
      this.shown = Uint32Array.from(shown);
    }
    this.drawChips();
    this.drawStatus();
    this.drawn = 0;
    this.draw();
  }

  private drawChips(): void {
    const counts = this.app.counts();
    const of = (wanted: number[]) => wanted.reduce((sum, outcome) => sum + counts[outcome]!, 0);
    const chips = KINDS.map(([label, name, wanted], kind) => {
      const number = kind === 0 ? Math.max(this.app.events, this.app.outcomes.length) : of(wanted);
      if (kind > 3 && number === 0 && kind !== this.kind) return null;
      return h(
        "button",
        {
          class: `chip ${name}`,
          "aria-pressed": String(kind === this.kind),
          onclick: () => {
            this.kind = kind;
            this.list.scrollTop = 0;
            this.filter();
          },
        },
        `${label} `,
        h("b", {}, count(number)),
      );
    });
    // The focus stays where it is while counts change.
    const focused = [...this.chips.children].indexOf(document.activeElement as Element);
    fill(this.chips, ...chips);
    if (focused >= 0) (this.chips.children[focused] as HTMLElement | undefined)?.focus();
  }

  private drawStatus(): void {
    const { app } = this;
    const parts: string[] = [];
    if (app.events > 0) parts.push(app.loaded());
    if (app.blank) parts.push("nothing is asked yet");
    else if (!app.current) parts.push("verdicts of the last text without errors");
    else if (!app.finished && app.events > 0) parts.push("evaluating…");
    else if (app.events > 0) parts.push(`evaluated in ${Math.max(1, Math.round(app.milliseconds))} ms`);
    if (app.current && app.finished && app.unseen.length > 0 && app.events > 0) {
      parts.push(`no event has ${app.unseen.slice(0, 3).join(", ")}${app.unseen.length > 3 ? " …" : ""}`);
    }
    fill(this.status, parts.join(" · "));
    this.status.dataset.answers = String(app.answers);
    this.status.title = app.read?.told.join("\n") ?? "";
    if ((app.read?.told.length ?? 0) > 0) {
      this.status.append(
        h("details", {}, h("summary", {}, "what was not read"), h("ul", {}, ...app.read!.told.map((line) => h("li", {}, line)))),
      );
    }
  }

  private drawProgress(): void {
    const loading = this.app.loading;
    if (!loading) return fill(this.progress);
    const part = loading.total > 0 ? loading.bytes / loading.total : 0;
    // The button stays the same one, so that it can be pressed while numbers change.
    if (this.progress.children.length === 0) {
      fill(this.progress, this.bar, this.reading, h("button", { onclick: () => this.app.stopLoading() }, "Cancel"));
    }
    this.bar.value = part;
    this.reading.textContent = `${loading.name}: ${Math.round(part * 100)} %, ${plural(loading.events, "event")}`;
  }

  private height(): number {
    return matchMedia("(max-width: 620px)").matches ? 50 : 32;
  }

  private draw(): void {
    const row = this.height();
    const total = Math.min(this.shown.length * row, TALLEST);
    this.space.style.height = `${total}px`;
    const most = Math.floor(total / row);
    const first = Math.max(0, Math.floor(this.list.scrollTop / row) - AROUND);
    const last = Math.min(most, Math.ceil((this.list.scrollTop + this.list.clientHeight) / row) + AROUND);
    const events = [...this.shown.subarray(first, last)];
    this.fetch(events);
    const key = (first * 1_000_003 + last) * 31 + this.rows.size + 1;
    if (key === this.drawn) return;
    this.drawn = key;
    if (this.shown.length === 0) {
      fill(this.space);
      if (this.app.events === 0 && !this.app.loading) this.space.append(this.nothing());
      return;
    }
    fill(this.space, ...events.map((event, place) => this.row(event, (first + place) * row, first + place)));
    const selected = events.includes(this.app.selected) ? `event-${this.app.selected}` : "";
    if (selected) this.list.setAttribute("aria-activedescendant", selected);
    else this.list.removeAttribute("aria-activedescendant");
  }

  private nothing(): HTMLElement {
    return h(
      "div",
      { class: "empty", role: "option", "aria-selected": "false" },
      h("p", {}, "Drop files here, paste events, or choose a sample."),
      h("p", { class: "muted" }, "JSON lines, arrays, CloudTrail deliveries, .gz. They never leave this page."),
    );
  }

  private row(event: number, top: number, place: number): HTMLElement {
    const outcome = this.app.outcomes[event] ?? 0;
    const { sign, word, name } = SIGNS[outcome]!;
    const row = this.rows.get(event);
    const selected = event === this.app.selected;
    const element = h(
      "div",
      {
        id: `event-${event}`,
        class: `row ${name}${selected ? " selected" : ""}`,
        role: "option",
        "aria-selected": String(selected),
        "aria-setsize": this.shown.length,
        "aria-posinset": place + 1,
        "data-event": event,
      },
      h("span", { class: "mark", "aria-hidden": "true" }, sign),
      h("span", { class: "hidden-text" }, `${word}: `),
      h("span", { class: "time" }, row?.bad ? "" : row ? when(row.time) : ""),
      h("span", { class: "what" }, row ? (row.bad ? `rejected: ${row.bad}` : (row.what ?? row.type ?? "event")) : "…"),
      h("span", { class: "who" }, row?.bad ? row.what : row?.who),
      h("span", { class: "where" }, row?.failed ? h("em", { title: "failed" }, row.failed) : row?.from),
    );
    element.style.top = `${top}px`;
    return element;
  }

  private fetch(events: number[]): void {
    const missing = events.filter((event) => !this.asked.has(event));
    if (missing.length === 0) return;
    missing.forEach((event) => this.asked.add(event));
    const asked = this.asked;
    void this.app.try("The events could not be read", async () => {
      const rows = await this.app.engine.call<Row[]>("rows", Uint32Array.from(missing));
      if (asked !== this.asked) return;
      rows.forEach((row, place) => this.rows.set(missing[place]!, row));
      if (this.rows.size > 20_000) this.forget();
      this.drawn = 0;
      this.draw();
    });
  }

  private key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.list.clientHeight / this.height()) - 1);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || this.shown.length === 0) return;
    event.preventDefault();
    const at = this.shown.indexOf(this.app.selected);
    const next = at < 0 ? 0 : Math.min(this.shown.length - 1, Math.max(0, at + step));
    this.app.select(this.shown[next]!);
  }

  private toSelected(): void {
    const at = this.shown.indexOf(this.app.selected);
    if (at >= 0) {
      const row = this.height();
      const top = at * row;
      if (top < this.list.scrollTop) this.list.scrollTop = top;
      else if (top + row > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + row - this.list.clientHeight;
    }
    this.drawn = 0;
    this.draw();
  }
}
