//! Why a filter matched an event or did not, for people and for programs. Nothing of an event is shown raw.

use super::safe;
use oxpecker_engine::explain::Explanation;
use oxpecker_engine::reference::Verdict;
use serde_json::{Value, json};

/// How many conditions one sentence names.
const NAMED: usize = 3;

/// How a tree is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether the reader's screen has more than ASCII.
    pub unicode: bool,
    /// Whether it has colours.
    pub colour: bool,
}

impl Style {
    /// The sign of a verdict.
    #[must_use]
    pub fn mark(self, verdict: Verdict) -> String {
        let (unicode, ascii, colour) = match verdict {
            Verdict::Match => ("✓", "+", "32"),
            Verdict::NoMatch => ("✗", "-", "31"),
            Verdict::Undecided => ("?", "?", "33"),
        };
        self.paint(if self.unicode { unicode } else { ascii }, colour)
    }

    /// A text in one of the terminal's colours.
    #[must_use]
    pub fn paint(self, text: &str, colour: &str) -> String {
        if self.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The pieces of a branch: before an inner part, before the last, and under each of them.
    fn branches(self) -> [&'static str; 4] {
        if self.unicode { ["├─ ", "└─ ", "│  ", "   "] } else { ["|- ", "`- ", "|  ", "   "] }
    }
}

/// The tree, one line a part.
#[must_use]
pub fn tree(explanation: &Explanation, style: Style) -> String {
    let mut out = String::new();
    draw(explanation, style, "", &mut out);
    out
}

fn draw(part: &Explanation, style: Style, indent: &str, out: &mut String) {
    let seen = seen(part).map(|seen| style.paint(&format!("  [{seen}]"), "2")).unwrap_or_default();
    out.push_str(&format!("{} {}{seen}\n", style.mark(part.verdict), safe(&part.text)));
    let [inner, last, under_inner, under_last] = style.branches();
    for (place, child) in part.children.iter().enumerate() {
        let is_last = place + 1 == part.children.len();
        out.push_str(indent);
        out.push_str(if is_last { last } else { inner });
        let under = if is_last { under_last } else { under_inner };
        draw(child, style, &format!("{indent}{under}"), out);
    }
}

/// What a predicate found in the event.
fn seen(part: &Explanation) -> Option<String> {
    if !part.children.is_empty() {
        return None;
    }
    let values: Vec<_> = part.values.iter().map(|value| safe(value)).collect();
    let more = if part.values_left_out > 0 { format!(" and {} more", part.values_left_out) } else { String::new() };
    match (part.note, values.is_empty()) {
        (Some(note), _) => Some(note.to_owned()),
        (None, true) => None,
        (None, false) => Some(format!("found {}{more}", values.join(", "))),
    }
}

/// The conditions that decided the verdict, as one phrase.
#[must_use]
pub fn why(explanation: &Explanation) -> String {
    let mut decisive = Vec::new();
    collect(explanation, &mut decisive);
    let mut named: Vec<String> = decisive.iter().take(NAMED).map(|part| phrase(part)).collect();
    if decisive.len() > NAMED {
        named.push(format!("{} more", decisive.len() - NAMED));
    }
    named.join("; ")
}

/// The predicates that decided: of `and` what failed, of `or` what held, and the other way round where all were needed.
fn collect<'e>(part: &'e Explanation, out: &mut Vec<&'e Explanation>) {
    if part.children.is_empty() {
        out.push(part);
        return;
    }
    let negated = part.text == "not";
    let one_is_enough = match part.verdict {
        Verdict::Match => part.text == "or",
        Verdict::NoMatch => part.text == "and",
        Verdict::Undecided => false,
    };
    let deciding = part.children.iter().filter(|child| negated || child.verdict == part.verdict);
    deciding.take(if one_is_enough { 1 } else { usize::MAX }).for_each(|child| collect(child, out));
}

fn phrase(part: &Explanation) -> String {
    let truth = match part.verdict {
        Verdict::Match => "is true",
        Verdict::NoMatch => "is false",
        Verdict::Undecided => "is undecided",
    };
    let seen = seen(part).map(|seen| format!(" ({seen})")).unwrap_or_default();
    format!("`{}` {truth}{seen}", safe(&part.text))
}

/// The tree as JSON: `text`, `verdict`, and of a predicate `values` (JSON texts, long ones cut), `values_left_out` and
/// `note`, of any other part `children`.
#[must_use]
pub fn json(part: &Explanation) -> Value {
    let head = (part.text.as_str(), part.verdict.as_str());
    if part.children.is_empty() {
        let Explanation { values, values_left_out, note, .. } = part;
        json!({"text": head.0, "verdict": head.1, "values": values, "values_left_out": values_left_out, "note": note})
    } else {
        json!({"text": head.0, "verdict": head.1, "children": part.children.iter().map(json).collect::<Vec<_>>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker_engine::event::Event;
    use oxpecker_engine::json::Limits;
    use oxpecker_engine::language;
    use oxpecker_engine::lists::Lists;

    fn explained(filter: &str, event: &str) -> Explanation {
        let expr = language::parse(filter, &language::Limits::default()).expr.expect("a filter");
        let event = Event::parse(event.as_bytes(), &Limits::default(), None).expect("an event");
        oxpecker_engine::explain::explain(&expr, &event, &Lists::new())
    }

    #[test]
    fn the_condition_that_decided_is_named() {
        let event = r#"{"a":"x\u001b[31m","b":["y","z"]}"#;
        let shown = why(&explained("b = 'y' and a = 'x' and c = 'n'", event));
        assert_eq!(shown, r#"`a = "x"` is false (found "x\u001b[31m")"#);
        let shown = why(&explained("not (b = 'z' or c = '1')", event));
        assert_eq!(shown, r#"`b = "z"` is true (found ["y","z"])"#);
        let shown = why(&explained("c = '1' or (b = 'n' and a exists)", event));
        assert!(shown.starts_with(r#"`c = "1"` is false (no such key in this event); `b = "n"` is"#));
    }

    #[test]
    fn a_tree_has_a_line_for_each_part() {
        let explained = explained("a = '1' and not (b = '2' or c = '3')", r#"{"a":1,"b":"\u009b"}"#);
        let ascii = tree(&explained, Style::default());
        assert_eq!(
            ascii,
            "+ and\n|- + a = \"1\"  [found 1]\n`- + not\n   `- - or\n      |- - b = \"2\"  [found \"\\u{9b}\"]\n      \
             `- - c = \"3\"  [no such key in this event]\n"
        );
        assert!(tree(&explained, Style { unicode: true, colour: false }).contains("└─ ✓ not"));
    }
}
