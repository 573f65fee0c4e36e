// The language in the editor, all of it asked of the engine: colours, problems, completion, meanings, format.

import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { RangeSetBuilder, StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, EditorView, hoverTooltip, ViewPlugin, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import * as engine from "../../engine/engine.js";
import { count, h } from "../dom";
import type { Checked, Context, Keys, KeyStat, Problem } from "../types";
import { CLASSES } from "./theme";

export type Mode = "filter" | "file";

/** A longer file is not coloured on each key press. */
const COLOURED = 300_000;

const marks = CLASSES.map((name) => Decoration.mark({ class: name }));

function colours(view: EditorView, mode: Mode): DecorationSet {
  const text = view.state.doc.toString();
  if (text.length > COLOURED) return Decoration.none;
  const spans = mode === "filter" ? engine.tokens(text) : engine.file_tokens(text);
  const builder = new RangeSetBuilder<Decoration>();
  let last = 0;
  for (let at = 0; at + 2 < spans.length; at += 3) {
    const [from, to, kind] = [spans[at]!, Math.min(spans[at + 1]!, text.length), spans[at + 2]!];
    if (from < last || from >= to) continue;
    builder.add(from, to, marks[kind]!);
    last = to;
  }
  return builder.finish();
}

const highlight = (mode: Mode) =>
  ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = colours(view, mode);
      }
      update(update: ViewUpdate) {
        if (!update.docChanged) return;
        const found = colours(update.view, mode);
        // A file that is no YAML for the moment keeps the colours it had.
        this.decorations =
          found.size === 0 && mode === "file" ? this.decorations.map(update.changes) : found;
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );

/** Shows a range of the text, as the tree does for a condition that is pointed at. */
export const show = StateEffect.define<{ from: number; to: number } | null>();
const shownMark = Decoration.mark({ class: "ox-shown" });
const shown = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    let next = transaction.docChanged ? Decoration.none : value;
    for (const effect of transaction.effects) {
      if (!effect.is(show)) continue;
      const range = effect.value;
      const fits = range && range.from < range.to && range.to <= transaction.newDoc.length;
      next = fits ? Decoration.set([shownMark.range(range.from, range.to)]) : Decoration.none;
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export function check(text: string, mode: Mode): Checked {
  return JSON.parse(mode === "filter" ? engine.check(text, "") : engine.check_file(text));
}

/** A short name for what a fix does. */
export function fixName(problem: Problem): string {
  const fix = problem.fix ?? "";
  if (fix === "") return "Remove it";
  return `Change to ${fix.length > 40 ? `${fix.slice(0, 40)}…` : fix}`;
}

/** Puts problems into the editor. */
export function mark(view: EditorView, problems: Problem[]): void {
  const length = view.state.doc.length;
  const diagnostics = problems.slice(0, 200).map((problem): Diagnostic => {
    const from = Math.min(problem.at[0], length);
    // A place between two characters is shown on the one before it.
    const to = Math.min(Math.max(problem.at[1], from), length);
    const [start, end] = from === to ? [Math.max(0, from - 1), Math.min(length, from === 0 ? 1 : from)] : [from, to];
    return {
      from: start,
      to: end,
      severity: problem.level,
      message: problem.message,
      renderMessage: () => h("div", {}, problem.message, problem.help && h("div", { class: "ox-help" }, problem.help)),
      actions:
        problem.fix === null
          ? []
          : [{ name: fixName(problem), apply: (view) => view.dispatch({ changes: { from, to, insert: problem.fix! } }) }],
    };
  });
  view.dispatch(setDiagnostics(view.state, diagnostics));
}

interface Words {
  operators: [string, string][];
  functions: [string, string][];
  keys: [string, string][];
}
let words: Words | undefined;
const known = (): Words => (words ??= JSON.parse(engine.words()));

function share(stat: KeyStat, keys: Keys): string {
  const percent = Math.round((100 * stat.events) / Math.max(1, keys.events));
  return percent === 0 ? "<1 %" : `${percent} %`;
}

function about(meaning: string | null, stat: KeyStat | undefined, keys: Keys): HTMLElement {
  return h(
    "div",
    {},
    meaning && h("div", {}, meaning),
    stat && h("div", { class: "ox-help" }, `in ${count(stat.events)} of ${count(keys.events)} events looked at`),
    stat && h("div", { class: "ox-values" }, stat.values.slice(0, 5).map(([value]) => value).join("  ")),
  );
}

function keyOptions(keys: Keys): Completion[] {
  const seen = new Set(keys.keys.map((stat) => stat.key));
  const fromEvents = keys.keys.map((stat, place): Completion => {
    const example = stat.values[0]?.[0];
    return {
      label: stat.key,
      type: "property",
      detail: `${share(stat, keys)}${example ? ` · ${example.slice(0, 40)}` : ""}`,
      info: () => about(stat.meaning, stat, keys),
      boost: Math.max(-50, 50 - place),
    };
  });
  const published = known().keys.filter(([key]) => !seen.has(key));
  return [
    ...fromEvents,
    ...published.map(([label, meaning]): Completion => ({ label, type: "property", detail: meaning, boost: -60 })),
    ...known().functions.map(([label, detail]): Completion => ({ label, type: "function", detail, apply: `${label}(`, boost: -70 })),
    { label: "not", type: "keyword", detail: "turns the condition round", boost: -80 },
  ];
}

function valueOptions(stat: KeyStat | undefined, lists: string[], set: boolean): Completion[] {
  const values = (stat?.values ?? []).map(([label, times], place): Completion => ({
    label,
    type: "constant",
    detail: `${count(times)}×`,
    boost: 90 - place,
    apply: (view, _completion, from, to) => {
      // The closing quote that came with the opening one is not wanted twice.
      const quote = label.endsWith('"') && view.state.sliceDoc(to, to + 1) === '"';
      view.dispatch({
        changes: { from, to: quote ? to + 1 : to, insert: label },
        selection: { anchor: from + label.length },
      });
    },
  }));
  const constants = ["null", "true", "false"].map((label): Completion => ({ label, type: "keyword", boost: -50 }));
  const named = lists.map((list): Completion => ({ label: `@${list}`, type: "variable", detail: "list" }));
  return [...values, ...named, ...(set ? [] : constants)];
}

const source =
  (mode: Mode, keys: () => Keys, lists: () => string[]) =>
  (context: CompletionContext): CompletionResult | null => {
    const text = context.state.doc.toString();
    const answer = mode === "filter" ? engine.complete(text, context.pos) : engine.complete_in_file(text, context.pos);
    const at: Context | null = JSON.parse(answer);
    if (!at || (at.from === context.pos && !context.explicit && at.expects === "condition" && text.trim() !== "")) {
      return null;
    }
    const options = (): Completion[] => {
      switch (at.expects) {
        case "condition":
          return keyOptions(keys());
        case "operator":
          return known().operators.map(([label, detail], place) => ({ label, detail, type: "keyword", boost: 50 - place }));
        case "value":
          return valueOptions(keys().keys.find((stat) => stat.key === at.key), lists(), at.in_set);
        case "connective":
          return [
            { label: "and", type: "keyword", detail: "both must hold" },
            { label: "or", type: "keyword", detail: "one must hold" },
          ];
      }
    };
    if (at.expects === "connective" && !context.explicit && at.from === context.pos) return null;
    return { from: at.from, options: options(), validFor: /^["'\w.:/@$-]*$/u };
  };

const meanings = (mode: Mode, keys: () => Keys) =>
  hoverTooltip((view, position) => {
    const text = view.state.doc.toString();
    const found: { at: [number, number]; key: string; meaning: string | null } | null = JSON.parse(
      mode === "filter" ? engine.hover(text, position) : engine.hover_in_file(text, position),
    );
    if (!found) return null;
    const all = keys();
    const stat = all.keys.find((stat) => stat.key === found.key);
    return {
      pos: found.at[0],
      end: found.at[1],
      above: true,
      create: () => ({
        dom: h(
          "div",
          { class: "ox-hover" },
          h("code", {}, found.key),
          about(found.meaning ?? (stat ? null : "No loaded event has this key"), stat, all),
        ),
      }),
    };
  });

/** Everything of the language for one mode. */
export function language(mode: Mode, keys: () => Keys, lists: () => string[]): Extension {
  return [
    highlight(mode),
    shown,
    autocompletion({ override: [source(mode, keys, lists)], icons: false, activateOnTypingDelay: 60, maxRenderedOptions: 60 }),
    meanings(mode, keys),
  ];
}
