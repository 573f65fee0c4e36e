// Six examples that teach the language, each with events to try it on.

import type { App } from "./app";
import { fill, h } from "./dom";

interface Step {
  title: string;
  text: string;
  sample: string;
  filter: string;
}

const STEPS: Step[] = [
  {
    title: "A condition",
    text: "A key, an operator, a value. Keys are the event's own, in its own letter case; `user`, `ip` and a few more are derived. Click any value of an event to ask for it.",
    sample: "ssm",
    filter: 'eventName = "StartSession"',
  },
  {
    title: "and, or, not",
    text: "`and` binds tighter than `or`; parentheses say otherwise. `!=` is also true where the key is missing: it is exactly `not =`. Choose an event that does not match to see what kept it.",
    sample: "ssm",
    filter: '(eventName = "StartSession" or eventName = "SendCommand")\nand mfaUsed != "true" and not error exists',
  },
  {
    title: "Paths into events",
    text: "Dots lead into objects, and through arrays into every element. Numbers compare as numbers, even where the event holds them as text.",
    sample: "ecr",
    filter: "responseElements.imageScanFindings.findingSeverityCounts.HIGH > 0",
  },
  {
    title: "Networks and sets",
    text: "An address with a prefix length stands for its whole network. `in (…)` is equal to any of several values; a file can hold the values in a named @list.",
    sample: "login",
    filter: 'eventName = "ConsoleLogin" and not ip in ("192.0.2.0/24", "10.0.0.0/8")\nand responseElements.ConsoleLogin in ("Success", "Failure")',
  },
  {
    title: "Text",
    text: "`like` finds a text anywhere, `starts_with` and `ends_with` at an end, `matches` is a regular expression. `* %` are ordinary characters. `= null` means absent or null.",
    sample: "host",
    filter: 'arguments like "sudo" or exe starts_with "/sbin/"\nor (arguments matches "curl .*\\| *sh" and containerId != null)',
  },
  {
    title: "From a filter to a rule",
    text: "A rule gives a filter a title, a severity, a window and tests. Press “Rule file” above the editor: the filter becomes a rule. Then look at Alerts, and make a test of an event.",
    sample: "kubernetes",
    filter: 'objectRef.subresource in ("exec", "attach") and verb = "create"\nand user.groups = "system:serviceaccounts"',
  },
];

export class Tour {
  readonly element = h("aside", { class: "tour", hidden: true, "aria-label": "Tour" });
  private step = 0;

  constructor(private app: App) {}

  start(): void {
    this.element.hidden = false;
    void this.go(0);
  }

  private async go(step: number): Promise<void> {
    this.step = step;
    const { title, text, sample, filter } = STEPS[step]!;
    const last = step === STEPS.length - 1;
    fill(
      this.element,
      h("h2", {}, `${step + 1} of ${STEPS.length}: ${title}`),
      h("p", {}, ...text.split("`").map((part, place) => (place % 2 === 1 ? h("code", {}, part) : part))),
      h(
        "div",
        { class: "buttons" },
        h("button", { onclick: () => this.end() }, last ? "Close" : "End the tour"),
        h("button", { disabled: step === 0, onclick: () => void this.go(this.step - 1) }, "Back"),
        !last && h("button", { class: "primary", onclick: () => void this.go(this.step + 1) }, "Next"),
      ),
    );
    this.element.querySelector<HTMLElement>(".primary, button")?.focus();
    const { app } = this;
    app.page = "write";
    app.tell("page");
    app.open("filter", filter);
    if (app.source.kind !== "sample" || app.source.id !== sample) await app.loadSample(sample);
  }

  private end(): void {
    this.element.hidden = true;
    this.app.editor.focus();
  }
}
