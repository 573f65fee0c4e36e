// The editor of the page: CodeMirror in a shadow root.

import { acceptCompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching } from "@codemirror/language";
import { lintKeymap, nextDiagnostic } from "@codemirror/lint";
import { EditorState, Prec, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers, placeholder, tooltips } from "@codemirror/view";
import * as engine from "../../engine/engine.js";
import type { Keys, Problem } from "../types";
import { language, mark, show, type Mode } from "./language";
import { theme, yamlColours } from "./theme";

export interface EditorOptions {
  keys: () => Keys;
  lists: () => string[];
  changed: (text: string, mode: Mode) => void;
  say: (message: string) => void;
}

export class Editor {
  readonly host: HTMLElement;
  private view: EditorView;
  mode: Mode = "filter";

  constructor(private options: EditorOptions) {
    this.host = document.createElement("div");
    this.host.className = "editor";
    const root = this.host.attachShadow({ mode: "open" });
    this.view = new EditorView({ state: this.state("filter", ""), parent: root, root });
  }

  private state(mode: Mode, doc: string): EditorState {
    const extensions: Extension[] = [
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      EditorView.lineWrapping,
      theme,
      tooltips({ position: "fixed" }),
      language(mode, this.options.keys, this.options.lists),
      Prec.high(
        keymap.of([
          { key: "Tab", run: acceptCompletion },
          { key: "Mod-Enter", run: () => (this.format(), true) },
          { key: "Shift-Alt-f", run: () => (this.format(), true) },
          { key: "Mod-.", run: (view) => (nextDiagnostic(view), true) },
          { key: "Ctrl-Space", run: startCompletion },
        ]),
      ),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.contentAttributes.of({
        "aria-label": mode === "filter" ? "Filter" : "Rule file",
        tabindex: "0",
        autocapitalize: "off",
        autocorrect: "off",
        spellcheck: "false",
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) this.options.changed(this.text, mode);
      }),
    ];
    if (mode === "filter") extensions.push(placeholder('eventName = "StartSession" and mfaUsed != "true"'));
    else extensions.push(lineNumbers(), yaml(), yamlColours);
    return EditorState.create({ doc, extensions });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  /** Shows another text, with a history of its own. */
  open(mode: Mode, text: string): void {
    this.mode = mode;
    this.view.setState(this.state(mode, text));
  }

  /** Changes the text so that it can be undone. */
  replace(text: string, select?: { anchor: number; head?: number }): void {
    const before = this.text;
    let from = 0;
    const most = Math.min(before.length, text.length);
    while (from < most && before[from] === text[from]) from++;
    let end = 0;
    while (end < most - from && before[before.length - 1 - end] === text[text.length - 1 - end]) end++;
    this.view.dispatch({
      changes: { from, to: before.length - end, insert: text.slice(from, text.length - end) },
      selection: select ?? { anchor: text.length - end },
      scrollIntoView: true,
    });
  }

  mark(problems: Problem[]): void {
    mark(this.view, problems);
  }

  apply(problem: Problem): void {
    if (problem.fix === null) return;
    this.view.dispatch({ changes: { from: problem.at[0], to: problem.at[1], insert: problem.fix } });
    this.focus();
  }

  show(range: [number, number] | null): void {
    this.view.dispatch({ effects: show.of(range && { from: range[0], to: range[1] }) });
  }

  goTo(at: [number, number]): void {
    const length = this.view.state.doc.length;
    this.view.dispatch({
      selection: { anchor: Math.min(at[0], length), head: Math.min(at[1], length) },
      scrollIntoView: true,
    });
    this.focus();
  }

  goToLine(line: number): void {
    const place = this.view.state.doc.line(Math.min(Math.max(1, line), this.view.state.doc.lines)).from;
    this.goTo([place, place]);
  }

  /** The canonical form in place of the text; in a rule file, of the filter that the cursor is in. */
  format(): void {
    if (this.mode === "file") {
      const file = engine.format_in_file(this.text, this.view.state.selection.main.head);
      if (file === undefined) this.options.say("Put the cursor into a rule's filter without errors or comments to format it.");
      else if (file !== this.text) this.replace(file);
      return;
    }
    const formatted = engine.format(this.text);
    if (formatted === undefined) {
      const why = /(^|\s)#/.test(this.text) ? "comments would be lost" : "it has errors";
      return this.options.say(`The filter is left as it is: ${why}.`);
    }
    if (formatted !== this.text) this.replace(formatted);
  }

  focus(): void {
    this.view.focus();
  }

  complete(): void {
    this.focus();
    startCompletion(this.view);
  }
}
