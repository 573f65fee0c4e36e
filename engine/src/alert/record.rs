//! An alert record as text: its fields in the documented order, from pieces that are text already. No tree is made of it
//! but where it is too large or somebody asks for one.

use super::{Contribution, Group, Names, State};
use crate::event::format_time;
use crate::json::{self, DEEPEST, Json, Limits};
use crate::redaction;
use crate::rule::Collected;
use std::fmt::Write;

/// Where alert records go.
pub trait Records {
    /// Takes a record, which `write` appends to a text.
    fn add(&mut self, write: &dyn Fn(&mut String));
}

/// Records as trees, for those who look into them.
impl Records for Vec<Json> {
    fn add(&mut self, write: &dyn Fn(&mut String)) {
        let mut text = String::new();
        write(&mut text);
        self.extend(read(&text));
    }
}

/// Records as text, each with a line end.
impl Records for String {
    fn add(&mut self, write: &dyn Fn(&mut String)) {
        write(self);
        self.push('\n');
    }
}

/// A record as a tree.
pub(super) fn read(text: &str) -> Option<Json> {
    const OURS: Limits = Limits { bytes: usize::MAX, depth: DEEPEST, values: usize::MAX };
    Json::parse(text.as_bytes(), &OURS).ok()
}

/// Appends the record of a group.
pub(crate) fn write(collected: &Collected, names: &Names, group: &Group, state: State, out: &mut String) {
    let rule = &collected.rule;
    let mut fields = Fields::begin(out);
    fields.text("alert_id", &names.alert_id);
    fields.text("state", state.as_str());
    fields.text("rule_id", &rule.id);
    fields.text("rule", &rule.name);
    fields.text("ruleset", &collected.ruleset);
    fields.number("severity", u64::from(rule.severity));
    fields.text("title", &group.title);
    fields.text("description", &rule.description);
    fields.optional_text("event_type", group.event_type.as_deref());
    fields.text("source", &group.source);
    aggregate(collected, group, fields.name("aggregate"));
    fields.number("count", group.count);
    fields.optional_number("distinct", group.distinct);
    fields.number("threshold", rule.threshold);
    fields.number("window_seconds", rule.window);
    fields.time("first_seen", group.first_seen);
    fields.time("last_seen", group.last_seen);
    fields.number("suppressed", group.suppressed);
    fields.texts("tags", &rule.tags);
    fields.text("rule_version", &rule.version);
    fields.text("dedup_key", &names.dedup_key);
    fields.name("context").push_str(&group.context);
    fields.name("matched").push_str(&group.matched);
    fields.texts("references", &rule.references);
    fields.texts("benign", &rule.benign);
    fields.flag("truncated", group.is_truncated());
    group.left_out().write_to(fields.name("left_out"));
    json::write_array(&group.events, fields.name("events"), contribution);
    fields.end();
}

/// The aggregate keys with their values; a tag behind the values is shown nowhere, and no key twice.
fn aggregate(collected: &Collected, group: &Group, out: &mut String) {
    let mut fields = Fields::begin(out);
    let keys = &collected.rule.aggregate;
    for (place, (key, value)) in keys.iter().zip(json::elements(&group.aggregate)).enumerate() {
        if keys.iter().take(place).any(|earlier| earlier.steps == key.steps) {
            continue;
        }
        fields.name(&key.to_string()).push_str(value);
    }
    fields.end();
}

fn contribution(event: &Contribution, out: &mut String) {
    let mut fields = Fields::begin(out);
    fields.optional_text("id", event.id.as_deref().map(redaction::shown_id));
    fields.time("time", event.time);
    if let Some(whole) = &event.event {
        fields.name("event").push_str(whole);
    }
    fields.end();
}

/// An object that is being written.
pub(crate) struct Fields<'o> {
    out: &'o mut String,
    any: bool,
}

impl<'o> Fields<'o> {
    pub(crate) fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, any: false }
    }

    /// Writes a member's name; its value is to follow.
    pub(crate) fn name(&mut self, name: &str) -> &mut String {
        if std::mem::replace(&mut self.any, true) {
            self.out.push(',');
        }
        json::write_text(name, self.out);
        self.out.push(':');
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        json::write_text(value, self.name(name));
    }

    pub(crate) fn optional_text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    pub(crate) fn number<N: std::fmt::Display>(&mut self, name: &str, value: N) {
        // Writing to a text cannot fail.
        let _ = write!(self.name(name), "{value}");
    }

    pub(crate) fn optional_number<N: std::fmt::Display>(&mut self, name: &str, value: Option<N>) {
        match value {
            Some(value) => self.number(name, value),
            None => self.null(name),
        }
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.name(name).push_str(if value { "true" } else { "false" });
    }

    fn time(&mut self, name: &str, time: Option<i64>) {
        self.optional_text(name, time.map(format_time).as_deref());
    }

    fn texts(&mut self, name: &str, texts: &[String]) {
        json::write_array(texts, self.name(name), |text, out| json::write_text(text, out));
    }

    fn null(&mut self, name: &str) {
        self.name(name).push_str("null");
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }
}
