// The tests inside the rule file, run in the page.

import type { App } from "../app";
import { fill, h, plural } from "../dom";
import type { TestResult } from "../types";

export class TestsView {
  readonly element = h("div", { class: "tests" });
  private asked = 0;
  private results: TestResult[] = [];
  /** How many failed last; the tab shows it. */
  failed = 0;
  total = 0;

  constructor(
    private app: App,
    private changed: () => unknown,
  ) {
    app.on((change) => {
      if (change === "done") void this.run();
      if (change === "rules" || change === "page") this.draw();
    });
    void this.run();
  }

  private async run(): Promise<void> {
    const mine = ++this.asked;
    this.results = [];
    if (this.app.mode !== "filter" || this.app.page === "rules") {
      const results = await this.app.try("The tests could not be run", () => this.app.engine.call<TestResult[]>("tests"));
      if (!results || mine !== this.asked) return;
      this.results = results;
    }
    this.draw();
  }

  /** Shows the results of the last run: of the chosen rule alone where rules are browsed. */
  private draw(): void {
    const { app } = this;
    if (app.mode === "filter" && app.page === "write") {
      [this.failed, this.total] = [0, 0];
      this.changed();
      return fill(
        this.element,
        h(
          "div",
          { class: "empty" },
          h("p", {}, "Tests live in rule files: events with what a rule must make of them."),
          h("button", { class: "primary", onclick: () => app.switchTo("file") }, "Turn the filter into a rule"),
        ),
      );
    }
    const rule = app.page === "rules" ? app.rules[app.column]?.id : undefined;
    const results = rule === undefined ? this.results : this.results.filter((result) => result.rule === rule);
    this.failed = results.filter((result) => result.failure !== null).length;
    this.total = results.length;
    this.changed();
    fill(this.element, ...this.parts(results));
  }

  private parts(results: TestResult[]): HTMLElement[] {
    const { app } = this;
    if (results.length === 0) {
      const rules = app.rules.length;
      return [
        h(
          "div",
          { class: "empty" },
          h("p", {}, rules === 0 ? "The file holds no rule without errors." : `${plural(rules, "rule")}, no tests.`),
          h("p", { class: "muted" }, "Choose an event and press “Make a test of it”."),
        ),
      ];
    }
    const passed = results.length - this.failed;
    return [
      h(
        "div",
        { class: `verdict ${this.failed > 0 ? "rejected" : "matched"}`, role: "status" },
        h("strong", {}, this.failed > 0 ? `${this.failed} of ${plural(results.length, "test")} failed` : `${plural(passed, "test")} passed`),
        h("span", {}, "as `oxpecker test` runs them"),
      ),
      h(
        "ul",
        { class: "results" },
        ...results.map((result) =>
          h(
            "li",
            { class: result.failure === null ? "passed" : "failed" },
            h("span", { class: "sign", "aria-hidden": "true" }, result.failure === null ? "✓" : "✗"),
            h(
              "div",
              {},
              h(
                "button",
                { class: "link", disabled: app.page === "rules", onclick: () => app.editor.goToLine(result.line), title: `line ${result.line}` },
                result.name,
              ),
              h("span", { class: "muted" }, ` ${result.rule} · expects ${result.expect}`),
              result.failure !== null && h("p", { class: "failure" }, result.failure),
              result.failure === null && result.title && h("p", { class: "muted" }, result.title),
            ),
          ),
        ),
      ),
    ];
  }
}
