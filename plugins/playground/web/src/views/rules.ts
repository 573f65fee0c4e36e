// The shipped rules: found by service, severity and technique, opened, changed, and the change held against the loaded
// events. A change is an overlay; the shipped files stay as they are.

import rulesUrl from "../../generated/rules.json?url";
import { set_filter, single } from "../../engine/engine.js";
import type { App } from "../app";
import { check } from "../editor/language";
import { count, fill, h, plural } from "../dom";
import type { Effect, Rule } from "../types";
import { badge, coloured, copy, download } from "./common";
import { effect } from "./effect";

interface Inventory {
  rules: Rule[];
  files: { file: string; problems: { level: string; message: string; line: number }[] }[];
}

/** What is changed of a rule. */
interface Tuned {
  severity: number;
  title: string;
  window: string;
  threshold: string;
  status: string;
  filter: string;
  suppression: string;
  reason: string;
}

const tagged = (rule: Rule, prefix: string) => rule.tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));
const service = (rule: Rule) => tagged(rule, "service.")[0] ?? rule.ruleset;
const status = (rule: Rule) => (!rule.enabled ? "off" : rule.shadow ? "shadow" : "live");

export class RulesView {
  readonly element = h("section", { class: "panel rules", "aria-labelledby": "rules-title" });
  files: [string, string][] = [];
  private rules: Rule[] = [];
  private search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search rules", oninput: () => this.drawList() });
  private service = this.facet("Service");
  private severity = this.facet("Severity");
  private technique = this.facet("Technique");
  private list = h("ul", { class: "rule-list", "aria-label": "Rules" });
  private detail = h("div", { class: "rule-detail" });
  private chosen = "";
  private asked = 0;

  constructor(private app: App) {
    app.on((change) => {
      if (change === "verdicts" && app.page === "rules" && app.finished) this.drawList();
    });
  }

  private facet(name: string): HTMLSelectElement {
    return h("select", { "aria-label": name, onchange: () => this.drawList() }, h("option", { value: "" }, name));
  }

  /** Loads the shipped rules, once, and asks the events with them. */
  async open(): Promise<void> {
    const { app } = this;
    if (this.files.length === 0) {
      const loaded = await app.try("The shipped rules could not be loaded", async () => {
        const response = await fetch(rulesUrl);
        if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
        const files = (await response.json()) as [string, string][];
        return { files, inventory: await app.engine.call<Inventory>("inventory", files) };
      });
      if (!loaded) return fill(this.element, h("div", { class: "empty" }, h("p", {}, "The shipped rules could not be loaded.")));
      this.files = loaded.files;
      this.rules = loaded.inventory.rules;
      this.frame();
    }
    app.column = -1;
    await app.ask(this.files);
    this.drawList();
  }

  private frame(): void {
    const options = (select: HTMLSelectElement, values: Iterable<string>) =>
      [...new Set(values)].sort().forEach((value) => select.append(h("option", { value }, value)));
    options(this.service, this.rules.map(service));
    options(this.severity, this.rules.map((rule) => String(rule.severity)));
    options(this.technique, this.rules.flatMap((rule) => tagged(rule, "attack.")));
    fill(
      this.element,
      h("header", {}, h("h2", { id: "rules-title" }, "Rules"), this.search, this.service, this.severity, this.technique),
      h("div", { class: "rules-body" }, this.list, this.detail),
    );
  }

  private matches(rule: Rule): boolean {
    const text = `${rule.id} ${rule.name} ${rule.description} ${rule.filter} ${rule.tags.join(" ")}`.toLowerCase();
    return (
      text.includes(this.search.value.toLowerCase().trim()) &&
      (this.service.value === "" || service(rule) === this.service.value) &&
      (this.severity.value === "" || String(rule.severity) === this.severity.value) &&
      (this.technique.value === "" || tagged(rule, "attack.").includes(this.technique.value))
    );
  }

  /** How many events a rule matched. */
  private matched(rule: Rule): number {
    const column = this.app.rules.findIndex((known) => known.id === rule.id);
    return this.app.columns[column]?.matched ?? 0;
  }

  private drawList(): void {
    const shown = this.rules.filter((rule) => this.matches(rule)).sort((a, b) => this.matched(b) - this.matched(a) || a.severity - b.severity);
    const focused = (document.activeElement as HTMLElement | null)?.dataset.rule;
    // The first look is at the loudest rule, and at the alerts of all.
    if (this.chosen === "" && this.app.finished && shown[0]) {
      this.chosen = shown[0].id;
      this.drawDetail();
    }
    fill(
      this.list,
      h("li", { class: "muted" }, `${plural(shown.length, "rule")} of ${count(this.rules.length)}`),
      ...shown.map((rule) => {
        const matched = this.matched(rule);
        return h(
          "li",
          {},
          h(
            "button",
            { class: `rule-row${rule.id === this.chosen ? " selected" : ""}`, "data-rule": rule.id, "aria-pressed": String(rule.id === this.chosen), onclick: () => this.choose(rule.id) },
            badge(rule.severity),
            h("span", { class: "title" }, rule.name),
            status(rule) !== "live" && h("span", { class: "muted" }, status(rule)),
            matched > 0 && h("span", { class: "count", title: "events that it matches" }, count(matched)),
          ),
        );
      }),
    );
    if (focused) this.list.querySelector<HTMLElement>(`[data-rule="${CSS.escape(focused)}"]`)?.focus();
  }

  private choose(id: string): void {
    this.chosen = id;
    const column = this.app.rules.findIndex((rule) => rule.id === id);
    if (column >= 0) void this.app.choose(column);
    this.drawList();
    this.drawDetail();
  }

  private drawDetail(): void {
    const rule = this.rules.find((rule) => rule.id === this.chosen);
    if (!rule) return fill(this.detail);
    const out = h("div", { class: "outcome", "aria-live": "polite" });
    const text = (name: string, value: string, label: string) =>
      h("label", {}, label, h("input", { type: "text", name, value, spellcheck: "false" }));
    const choice = (name: string, value: string, values: string[], label: string) =>
      h("label", {}, label, h("select", { name }, ...values.map((one) => h("option", { value: one, selected: one === value }, one))));
    const area = (name: string, value: string, label: string, rows: number) =>
      h("label", { class: "wide" }, label, h("textarea", { name, class: "code", rows, spellcheck: "false", value }));
    const form = h(
      "form",
      { class: "tune", "aria-label": "Change the rule", onsubmit: (event: Event) => event.preventDefault(), oninput: () => this.changed(rule, form, out) },
      choice("severity", String(rule.severity), ["1", "2", "3"], "Severity"),
      text("window", rule.window, "Window"),
      text("threshold", String(rule.threshold), "Threshold"),
      choice("status", status(rule), ["live", "shadow", "off"], "Status"),
      h("label", { class: "wide" }, "Title", h("input", { type: "text", name: "title", value: rule.title, spellcheck: "false" })),
      area("filter", rule.filter, "Filter", Math.min(8, rule.filter.split("\n").length + 1)),
      area("suppression", "", "Suppress events that match", 2),
      text("reason", "", "Reason"),
    );
    fill(
      this.detail,
      h("h3", {}, badge(rule.severity), ` ${rule.name}`),
      h("p", {}, rule.description),
      h("p", { class: "tags" }, ...[rule.ruleset, rule.type, ...rule.tags].map((tag) => h("span", { class: "tag" }, tag))),
      h("div", { class: "filter-block" }, coloured(rule.filter)),
      rule.benign.length > 0 && h("details", {}, h("summary", {}, "Known harmless causes"), h("ul", {}, ...rule.benign.map((cause) => h("li", {}, cause)))),
      h("div", { class: "buttons" }, h("button", { onclick: () => this.edit(rule) }, "Open in the editor")),
      h("h4", {}, "Change it, and see what that does to the loaded events"),
      form,
      out,
    );
    this.changed(rule, form, out);
  }

  /** One rule in a file of its own, to write on. */
  private edit(rule: Rule): void {
    const file = this.files[rule.file ?? 0];
    if (!file) return;
    this.app.page = "write";
    this.app.tell("page");
    this.app.open("file", single(file[1], rule.id));
  }

  private changed(rule: Rule, form: HTMLFormElement, out: HTMLElement): void {
    const data = new FormData(form);
    const of = (name: string) => String(data.get(name) ?? "").trim();
    const tuned: Tuned = {
      severity: Number(of("severity")),
      title: of("title"),
      window: of("window"),
      threshold: of("threshold"),
      status: of("status"),
      filter: of("filter"),
      suppression: of("suppression"),
      reason: of("reason"),
    };
    const mine = ++this.asked;
    setTimeout(() => mine === this.asked && void this.show(rule, tuned, out, mine), 250);
  }

  private async show(rule: Rule, tuned: Tuned, out: HTMLElement, mine: number): Promise<void> {
    const { app } = this;
    const file = this.files[rule.file ?? 0]!;
    const yaml = overlay(rule, tuned);
    const otherFilter = tuned.filter !== rule.filter.trim();
    const changedFile = otherFilter ? set_filter(file[1], rule.id, tuned.filter) : file[1];
    if (changedFile === undefined) {
      const problem = check(tuned.filter, "filter").problems.find((problem) => problem.level === "error");
      return fill(out, h("p", { class: "failure" }, problem ? `The filter: ${problem.message}${problem.help ? ` — ${problem.help}` : ""}` : "The filter of this rule cannot be changed by machine."));
    }
    const after: [string, string][] = [[file[0], changedFile]];
    if (yaml !== "") after.push(["tuning.yaml", yaml]);
    if (yaml === "" && !otherFilter) {
      return fill(out, h("p", { class: "muted" }, "Nothing is changed yet."));
    }
    await app.try("The effect could not be worked out", async () => {
      const inventory = await app.engine.call<Inventory>("inventory", after);
      const error = inventory.files.flatMap((file) => file.problems).find((problem) => problem.level === "error");
      if (mine !== this.asked) return;
      if (error) return fill(out, h("p", { class: "failure" }, error.message));
      const found = await app.engine.call<Effect>("compare", [file], after, rule.id);
      if (mine !== this.asked) return;
      fill(out, app.events === 0 ? h("p", { class: "muted" }, "No events are loaded.") : effect(found), this.exported(rule, yaml, otherFilter ? single(changedFile, rule.id) : ""));
    });
  }

  private exported(rule: Rule, yaml: string, file: string): HTMLElement {
    const text = file === "" ? yaml : file;
    const name = file === "" ? `tuning-${rule.id}.yaml` : `${rule.id}.yaml`;
    return h(
      "div",
      { class: "export" },
      file !== "" &&
        h("p", { class: "muted" }, "An overlay cannot change a filter: this is the rule as a file of its own. Give it another id to load it beside the shipped one.", yaml !== "" && " The other changes are an overlay, below."),
      h("pre", { class: "yaml", tabindex: "0", "aria-label": "The change as YAML" }, file !== "" && yaml !== "" ? `${text}\n# the overlay:\n${yaml}` : text),
      h(
        "div",
        { class: "buttons" },
        h("button", { onclick: async () => this.app.say((await copy(text)) ? "The change was copied." : "The browser does not allow copying here.") }, "Copy"),
        h("button", { class: "primary", onclick: () => download(name, text) }, file === "" ? "Export the overlay" : "Export the rule"),
      ),
    );
  }
}

/** The tuning overlay of a change; empty where nothing differs that an overlay can say. JSON texts are YAML texts too. */
export function overlay(rule: Rule, tuned: Tuned): string {
  const lines: string[] = [];
  if (tuned.severity !== rule.severity) lines.push(`severity: ${tuned.severity}`);
  if (tuned.title !== rule.title) lines.push(`title: ${JSON.stringify(tuned.title)}`);
  if (tuned.window !== rule.window) lines.push(`window: ${tuned.window === "" ? '""' : tuned.window}`);
  if (tuned.threshold !== String(rule.threshold)) lines.push(`threshold: ${tuned.threshold === "" ? '""' : tuned.threshold}`);
  if (tuned.status !== status(rule)) {
    if (tuned.status === "off") lines.push("enabled: false");
    else lines.push(...(rule.enabled ? [] : ["enabled: true"]), `status: ${tuned.status}`);
  }
  if (tuned.suppression !== "") {
    lines.push("suppressions:", `  - filter: ${JSON.stringify(tuned.suppression)}`, `    reason: ${JSON.stringify(tuned.reason || "known and harmless: say why")}`);
  }
  return lines.length === 0 ? "" : `tune:\n  - rule: ${rule.id}\n${lines.map((line) => `    ${line}\n`).join("")}`;
}
