// How the editor looks. It lives in a shadow root, whose style sheets are made by script without a <style> element: the
// page's policy allows no other. Colours are the page's custom properties, which reach into it.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The classes of tokens, by the engine's numbers. */
export const CLASSES = [
  "",
  "ox-key",
  "ox-operator",
  "ox-connective",
  "ox-function",
  "ox-text",
  "ox-number",
  "ox-constant",
  "ox-list",
  "ox-punctuation",
  "ox-comment",
  "ox-unknown",
];

const squiggle = (colour: string) => ({ textDecoration: `underline wavy ${colour} 1.5px`, textUnderlineOffset: "3px" });

export const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "var(--code-size)", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { padding: "12px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 14px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none", paddingLeft: "6px" },
  ".cm-activeLineGutter": { backgroundColor: "transparent" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection": {
    backgroundColor: "var(--selection) !important",
  },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--selection)",
    outline: "1px solid var(--line-strong)",
  },
  ".ox-key": { color: "var(--tok-key)" },
  ".ox-operator": { color: "var(--tok-operator)" },
  ".ox-connective": { color: "var(--tok-connective)", fontWeight: "600" },
  ".ox-function": { color: "var(--tok-function)" },
  ".ox-text": { color: "var(--tok-text)" },
  ".ox-number, .ox-constant": { color: "var(--tok-number)" },
  ".ox-list": { color: "var(--tok-function)" },
  ".ox-punctuation": { color: "var(--muted)" },
  ".ox-comment": { color: "var(--muted)", fontStyle: "italic" },
  ".ox-unknown": { color: "var(--bad)" },
  ".ox-filter": { backgroundColor: "var(--filter-tint)" },
  ".ox-shown": { backgroundColor: "var(--selection)", borderRadius: "3px" },
  ".cm-lintRange-error": { backgroundImage: "none", ...squiggle("var(--bad)") },
  ".cm-lintRange-warning": { backgroundImage: "none", ...squiggle("var(--warn)") },
  ".cm-tooltip": {
    backgroundColor: "var(--panel)",
    color: "var(--ink)",
    border: "1px solid var(--line-strong)",
    borderRadius: "8px",
    boxShadow: "var(--shadow)",
    fontFamily: "var(--sans)",
    fontSize: "13px",
    overflow: "hidden",
    maxWidth: "min(560px, 92vw)",
  },
  ".cm-tooltip-autocomplete ul": { fontFamily: "var(--mono)", maxHeight: "18em" },
  ".cm-tooltip-autocomplete ul li": { padding: "4px 10px !important", lineHeight: "1.5" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent) !important", color: "var(--on-accent) !important" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "1.2em", fontFamily: "var(--sans)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionInfo": { padding: "10px 12px", maxWidth: "340px" },
  ".cm-tooltip.cm-completionInfo": { overflow: "visible" },
  ".cm-diagnostic": { padding: "9px 12px", borderLeft: "4px solid var(--bad)", whiteSpace: "normal" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnosticAction": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
    borderRadius: "5px",
    padding: "3px 9px",
    margin: "6px 0 0",
    font: "inherit",
    cursor: "pointer",
  },
  ".ox-help": { color: "var(--muted)", marginTop: "3px" },
  ".ox-hover": { padding: "9px 12px", lineHeight: "1.5" },
  ".ox-hover code": { fontFamily: "var(--mono)", fontWeight: "600" },
  ".ox-values": { color: "var(--muted)", fontFamily: "var(--mono)", fontSize: "12px", marginTop: "4px", overflowWrap: "anywhere" },
});

/** YAML around the filters; the filters have the engine's tokens. */
export const yamlColours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.definition(tags.propertyName), color: "var(--tok-yaml)", fontWeight: "600" },
    { tag: tags.propertyName, color: "var(--tok-yaml)", fontWeight: "600" },
    { tag: tags.string, color: "var(--ink)" },
    { tag: tags.number, color: "var(--tok-number)" },
    { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
    { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--muted)" },
  ]),
);
