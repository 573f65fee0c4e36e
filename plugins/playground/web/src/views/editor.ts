// The panel around the editor: its mode, the rule whose verdicts are shown, and the problems of the text.

import type { App, Mode } from "../app";
import { fixName } from "../editor/language";
import { count, fill, h, plural } from "../dom";
import type { Problem } from "../types";

/** Problems that are listed at once. */
const LISTED = 8;

export class EditorView {
  readonly element: HTMLElement;
  private modes = h("div", { class: "segments", role: "group", "aria-label": "What is written" });
  private rules = h("span", {});
  private problems = h("div", { class: "problems", "aria-live": "polite" });

  constructor(private app: App) {
    this.element = h(
      "section",
      { class: "panel writing", "aria-label": "Editor" },
      h(
        "header",
        {},
        this.modes,
        this.rules,
        h("span", { class: "spring" }),
        h("button", { onclick: () => app.editor.format(), title: "Canonical form (Ctrl+Enter)" }, "Format"),
      ),
      app.editor.host,
      this.problems,
    );
    app.on((change) => {
      if (change === "problems") this.draw();
      if (change === "rules" || change === "done") this.drawRules();
    });
    this.draw();
  }

  private draw(): void {
    const mode = (mode: Mode, label: string) =>
      h("button", { "aria-pressed": String(this.app.mode === mode), onclick: () => this.app.switchTo(mode) }, label);
    if (this.modes.dataset.mode !== this.app.mode) {
      this.modes.dataset.mode = this.app.mode;
      this.element.dataset.mode = this.app.mode;
      fill(this.modes, mode("filter", "Filter"), mode("file", "Rule file"));
      this.drawRules();
    }
    const { problems } = this.app.checked;
    const empty = this.app.mode === "filter" && this.app.texts.filter.trim() === "";
    if (empty) return fill(this.problems, h("p", { class: "muted" }, "Write a condition, or click a value in an event to ask for it."));
    fill(
      this.problems,
      h("ul", {}, ...problems.slice(0, LISTED).map((problem) => this.problem(problem))),
      problems.length > LISTED && h("p", { class: "muted" }, `and ${count(problems.length - LISTED)} more`),
    );
    this.problems.hidden = problems.length === 0;
  }

  private problem(problem: Problem): HTMLElement {
    const { editor, mode } = this.app;
    return h(
      "li",
      { class: problem.level },
      h("button", { class: "link", onclick: () => editor.goTo(problem.at) }, mode === "file" ? `line ${problem.line}: ` : "", problem.message),
      problem.help && h("span", { class: "help" }, problem.help),
      problem.fix !== null && h("button", { class: "fix", onclick: () => editor.apply(problem) }, fixName(problem)),
    );
  }

  private drawRules(): void {
    const { app } = this;
    if (app.mode === "filter" || app.rules.length < 2) {
      return fill(this.rules, app.mode === "file" && h("span", { class: "muted" }, plural(app.rules.length, "rule")));
    }
    const select = h(
      "select",
      { "aria-label": "Verdicts of", onchange: () => void app.choose(Number(select.value)) },
      h("option", { value: "-1", selected: app.column < 0 }, `all ${count(app.rules.length)} rules`),
      ...app.rules.map((rule, column) => h("option", { value: column, selected: column === app.column }, `${rule.name} (${count(app.columns[column]?.matched ?? 0)})`)),
    );
    fill(this.rules, select);
  }
}
