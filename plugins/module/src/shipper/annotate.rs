//! A record with a note of the rules that match it: `"oxpecker":{…}` before its other members, which stay byte for byte.
//!
//! A record that brings a member of that name itself keeps it under another one: two of one name would make some readers
//! refuse the whole record, and let the record pass off its own note as ours.

use super::tell;
use oxpecker_engine::json::{Json, Limits, write_text};
use oxpecker_engine::rule::Collected;

/// The name of our member.
const NAME: &str = "oxpecker";
/// The name that a record's own member of that name gets.
const THEIRS: &str = "\"oxpecker_in_record\"";
/// Rules that a note names.
const NAMED: usize = 50;

/// What is told of one rule that matches.
#[derive(Debug)]
pub(super) struct Note {
    rule_id: String,
    rule: String,
    ruleset: String,
    title: String,
    severity: u8,
    suppressed: bool,
    alert_id: Option<String>,
}

impl Note {
    pub(super) fn new(collected: &Collected, suppressed: bool, title: String) -> Self {
        let rule = &collected.rule;
        Self {
            rule_id: rule.id.clone(),
            rule: rule.name.clone(),
            ruleset: collected.ruleset.clone(),
            title,
            severity: rule.severity,
            suppressed,
            alert_id: None,
        }
    }

    fn write(&self, out: &mut String) {
        let mut text = |name: &str, value: &str| {
            out.push_str(name);
            write_text(value, out);
        };
        text("{\"rule_id\":", &self.rule_id);
        text(",\"rule\":", &self.rule);
        text(",\"ruleset\":", &self.ruleset);
        text(",\"title\":", &self.title);
        if let Some(id) = &self.alert_id {
            text(",\"alert_id\":", id);
        }
        out.push_str(&format!(",\"severity\":{},\"suppressed\":{}}}", self.severity, self.suppressed));
    }
}

/// Notes which rule's alert fires by this record; gives how many do.
pub(super) fn join<'a>(notes: &mut [Note], alerts: impl Iterator<Item = &'a str>) -> u64 {
    let mut fired = 0;
    for alert in alerts {
        if !tell::has_fired(alert) {
            continue;
        }
        fired += 1;
        let rule = tell::field(alert, "rule_id");
        if let Some(note) = notes.iter_mut().find(|note| rule.as_ref().and_then(Json::as_text) == Some(&note.rule_id)) {
            note.alert_id = tell::field(alert, "alert_id").and_then(|id| id.as_text().map(str::to_owned));
        }
    }
    fired
}

/// The record with its note; `None` where no rule matches it, or where it is no object.
pub(super) fn annotated(record: &str, notes: &[Note]) -> Option<String> {
    let loudest = notes.iter().filter(|note| !note.suppressed).map(|note| note.severity).min();
    if notes.is_empty() {
        return None;
    }
    let open = record.find('{')?;
    let (before, members) = record.split_at_checked(open + 1)?;
    let mut out = String::with_capacity(record.len() + 256 * notes.len());
    out.push_str(before);
    out.push_str(&format!("\"{NAME}\":{{\"severity\":{}", loudest.map_or("null".to_owned(), |s| s.to_string())));
    out.push_str(&format!(",\"matched\":{},\"rules\":[", notes.len()));
    for (place, note) in notes.iter().take(NAMED).enumerate() {
        out.push_str(if place > 0 { "," } else { "" });
        note.write(&mut out);
    }
    out.push_str("]}");
    if members.trim_start().starts_with('}') {
        out.push_str(members);
        return Some(out);
    }
    out.push(',');
    let mut done = 0;
    for (start, end) in names(members).into_iter().filter(|(start, end)| is_ours(members.get(*start..*end))) {
        out.push_str(members.get(done..start)?);
        out.push_str(THEIRS);
        done = end;
    }
    out.push_str(members.get(done..)?);
    Some(out)
}

/// Where the names of a valid object's members stand, quotes included; `members` is what comes after its brace.
fn names(members: &str) -> Vec<(usize, usize)> {
    let bytes = members.as_bytes();
    let (mut names, mut depth, mut at) = (Vec::new(), 0usize, 0usize);
    // A name comes first, and after each comma of the object itself.
    let mut name_due = true;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(bytes, at);
                if depth == 0 && name_due {
                    names.push((at, end));
                    name_due = false;
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            // The object's own brace ends it.
            b'}' | b']' if depth == 0 => break,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => name_due = true,
            _ => {}
        }
        at += 1;
    }
    names
}

/// The place behind a string's closing quote.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Whether a name, as it is written, means ours.
fn is_ours(written: Option<&str>) -> bool {
    let Some(written) = written else { return false };
    if !written.contains('\\') {
        return written.trim_matches('"') == NAME;
    }
    let limits = Limits { bytes: 256, ..Limits::default() };
    Json::parse(written.as_bytes(), &limits).is_ok_and(|name| name.as_text() == Some(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Note {
        Note {
            rule_id: "r".into(),
            rule: "R".into(),
            ruleset: "s".into(),
            title: "a \"b\"".into(),
            severity: 2,
            suppressed: false,
            alert_id: None,
        }
    }

    fn check(record: &str, expected_rest: &str) {
        let text = annotated(record, &[note()]).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["oxpecker"]["rules"][0]["title"], "a \"b\"");
        let rest = text.split_once("]}").unwrap().1;
        assert_eq!(rest, expected_rest);
    }

    #[test]
    fn the_rest_of_the_record_stays_as_it_was() {
        check("{}", "}");
        check(" { \"a\" : [1, {\"b\":\"}\\\"\"}] } ", ", \"a\" : [1, {\"b\":\"}\\\"\"}] } ");
        check(r#"{"a":{"oxpecker":1},"b":"oxpecker"}"#, r#","a":{"oxpecker":1},"b":"oxpecker"}"#);
    }

    #[test]
    fn a_record_cannot_bring_a_note_of_its_own() {
        let theirs = r#","a":1,"oxpecker_in_record":{"severity":3},"oxpecker_in_record":2}"#;
        check(r#"{"a":1,"oxpecker":{"severity":3},"\u006fxpecker":2}"#, theirs);
    }
}
