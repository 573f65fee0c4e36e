// The page: parts put together, and what catches whatever goes wrong.

import "./style.css";
import { App } from "./app";
import { fill, h } from "./dom";
import { fromFragment } from "./share";
import { SAMPLES } from "./samples";
import { Tour } from "./tour";
import { AlertsView } from "./views/alerts";
import { download } from "./views/common";
import { help, share } from "./views/dialogs";
import { EditorView } from "./views/editor";
import { EventsView } from "./views/events";
import { RulesView } from "./views/rules";
import { TestsView } from "./views/tests";
import { WhyView } from "./views/why";
import { ready } from "./wasm";

const toasts = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

function say(message: string, kind?: "error"): void {
  const toast = h("div", { class: `toast ${kind ?? ""}` }, h("span", {}, message), h("button", { "aria-label": "Dismiss", onclick: () => toast.remove() }, "×"));
  toasts.append(toast);
  while (toasts.children.length > 3) toasts.firstChild?.remove();
  if (kind !== "error") setTimeout(() => toast.remove(), 6_000);
}

/** The page cannot go on: says so in place of whatever was turning. */
function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const app = document.getElementById("app")!;
  app.removeAttribute("aria-busy");
  fill(
    app,
    h(
      "div",
      { class: "fatal", role: "alert" },
      h("h1", {}, "The playground could not start"),
      h("p", {}, message),
      h("p", { class: "muted" }, "It needs a browser with WebAssembly and module workers, of 2023 or newer, and a server that hands out its files."),
      h("button", { class: "primary", onclick: () => location.reload() }, "Try again"),
    ),
  );
}

function theme(): HTMLElement {
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const dark = () => (stored() ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const apply = () => {
    document.documentElement.dataset.theme = dark() ? "dark" : "light";
    button.textContent = dark() ? "☀" : "☾";
    button.setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
  };
  const button = h("button", {
    class: "icon",
    onclick: () => {
      try {
        localStorage.setItem("theme", dark() ? "light" : "dark");
      } catch {
        // Without storage the choice is not kept.
      }
      apply();
    },
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
  return button;
}

class Page {
  private app = new App(say);
  private tour = new Tour(this.app);
  private tab = 0;
  private tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "About the chosen event" });
  private body = h("div", { class: "tab-body", role: "tabpanel", tabindex: "-1" });
  private drawn = false;
  private alerts = new AlertsView(this.app, () => this.drawn && this.drawTabs());
  private tests = new TestsView(this.app, () => this.drawn && this.drawTabs());
  private why = new WhyView(this.app);
  private rules = new RulesView(this.app);
  private left = h("div", { class: "left" });
  private pages = h("nav", { "aria-label": "Pages" });
  private write = [new EditorView(this.app).element, new EventsView(this.app).element];

  async start(): Promise<void> {
    await this.app.engine.start();
    this.draw();
    this.drawn = true;
    this.listen();
    await this.first();
  }

  private draw(): void {
    const { app } = this;
    const input = h("input", {
      type: "file",
      accept: ".yaml,.yml,.txt",
      hidden: true,
      "aria-label": "Rule file",
      onchange: () => {
        const file = input.files?.[0];
        input.value = "";
        if (file) void app.try("The rule file could not be read", async () => app.open("file", await file.text()));
      },
    });
    const inspector = h("section", { class: "panel inspector", "aria-label": "Why, alerts and tests" }, this.tabs, this.body);
    const root = document.getElementById("app")!;
    root.removeAttribute("aria-busy");
    fill(
      root,
      h(
        "header",
        { class: "top" },
        h("h1", {}, h("img", { src: "./icon.svg", alt: "", width: "26", height: "26" }), h("span", {}, "Oxpecker"), h("small", {}, "playground")),
        this.pages,
        h(
          "div",
          { class: "actions" },
          h("button", { onclick: () => this.tour.start() }, "Tour"),
          h("button", { onclick: () => input.click(), title: "Open a rule file" }, "Import"),
          h("button", { onclick: () => this.export(), title: "Save what is in the editor" }, "Export"),
          h("button", { class: "primary", onclick: () => void app.try("The link could not be made", () => share(app)) }, "Share"),
          theme(),
          h("button", { class: "icon", "aria-label": "Help and keys", onclick: () => help() }, "?"),
          input,
        ),
      ),
      h("main", {}, this.left, inspector),
      this.tour.element,
      toasts,
    );
    this.drawPage();
    this.drawTabs();
    this.show(0);
  }

  private drawPage(): void {
    const { app } = this;
    const page = (name: "write" | "rules", label: string) =>
      h("button", { "aria-current": app.page === name ? "page" : null, onclick: () => this.turnTo(name) }, label);
    fill(this.pages, page("write", "Write"), page("rules", "Rules"));
    document.querySelector("main")!.className = app.page;
    fill(this.left, ...(app.page === "write" ? this.write : [this.rules.element]));
  }

  private turnTo(page: "write" | "rules"): void {
    const { app } = this;
    if (app.page === page) return;
    app.page = page;
    app.tell("page");
    void app.try("The page could not be shown", async () => {
      if (page === "write") return app.open(app.mode, app.texts[app.mode]);
      if (app.source.kind === "none" || app.source.kind === "sample") await app.loadSample("day");
      await this.rules.open();
      this.show(1);
    });
  }

  private drawTabs(): void {
    const { tests, alerts } = this;
    const labels: [string, string][] = [
      ["Why", ""],
      ["Alerts", alerts.alerts.length > 0 ? String(alerts.alerts.length) : ""],
      ["Tests", tests.total > 0 ? `${tests.total - tests.failed}/${tests.total}` : ""],
    ];
    const focused = this.tabs.contains(document.activeElement);
    fill(
      this.tabs,
      ...labels.map(([label, number], tab) =>
        h(
          "button",
          {
            role: "tab",
            id: `tab-${tab}`,
            "aria-selected": String(tab === this.tab),
            tabindex: tab === this.tab ? "0" : "-1",
            onclick: () => this.show(tab),
            onkeydown: (event: KeyboardEvent) => {
              const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
              if (step !== 0) this.show((tab + step + labels.length) % labels.length);
            },
          },
          number === "" ? label : `${label} `,
          number !== "" && h("b", { class: label === "Tests" && tests.failed > 0 ? "bad" : "" }, number),
        ),
      ),
    );
    if (focused) this.tabs.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }

  private show(tab: number): void {
    this.tab = tab;
    this.body.setAttribute("aria-labelledby", `tab-${tab}`);
    this.alerts.show(tab === 1);
    fill(this.body, [this.why, this.alerts, this.tests][tab]!.element);
    this.drawTabs();
  }

  private export(): void {
    const { app } = this;
    if (app.mode === "filter") return download("filter.txt", `${app.texts.filter}\n`);
    download("rules.yaml", app.texts.file);
  }

  private listen(): void {
    const { app } = this;
    app.on((change) => {
      if (change === "page") this.drawPage();
      // The first look at new events is at one that matches.
      if ((change === "done" || (change === "events" && app.blank)) && app.selected < 0 && app.events > 0) app.select(app.firstMatch());
    });
    const dropped = (event: DragEvent) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragover", (event) => {
      if (!dropped(event)) return;
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
      document.body.classList.remove("dropping");
      if (!dropped(event)) return;
      event.preventDefault();
      const files = [...(event.dataTransfer?.files ?? [])];
      const rules = files.filter((file) => /\.ya?ml$/i.test(file.name));
      if (rules[0]) void app.try("The rule file could not be read", async () => app.open("file", await rules[0]!.text()));
      const events = files.filter((file) => !rules.includes(file));
      if (events.length > 0) void app.loadFiles(events);
    });
    addEventListener("hashchange", () => void this.fromLink());
    addEventListener("keydown", (event) => {
      if (event.key !== "F6") return;
      event.preventDefault();
      const parts = [".editor", ".rows", '[role="tab"][tabindex="0"]'].map((at) => document.querySelector<HTMLElement>(at)).filter((part) => part !== null);
      const at = parts.findIndex((part) => part.contains(document.activeElement) || part === document.activeElement);
      const next = parts[(at + (event.shiftKey ? parts.length - 1 : 1)) % parts.length];
      if (next?.classList.contains("editor")) app.editor.focus();
      else next?.focus();
    });
    addEventListener("error", (event) => say(`Something went wrong: ${event.message}`, "error"));
    addEventListener("unhandledrejection", (event) => say(`Something went wrong: ${event.reason instanceof Error ? event.reason.message : event.reason}`, "error"));
  }

  private async fromLink(): Promise<boolean> {
    const state = await this.app.try("The link cannot be read", () => fromFragment(location.hash));
    if (!state) return false;
    await this.app.openShared(state);
    return true;
  }

  private async first(): Promise<void> {
    if (await this.fromLink()) return;
    const sample = SAMPLES[0]!;
    this.app.open("filter", sample.filter);
    await this.app.loadSample(sample.id);
  }
}

const begin = async () => {
  try {
    // The editor asks the engine for colours from its first moment on.
    await ready();
    await new Page().start();
  } catch (error) {
    fail(error);
  }
};
void begin();
