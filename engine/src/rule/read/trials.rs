//! The tests inside a rule: events, and what they must do.

use super::Reader;
use crate::json::Json;
use crate::rule::fields::{Fields, bad, wrong_type};
use crate::rule::yaml::{Kind, Node};
use crate::rule::{Expectation, RuleTest};

const TEST_FIELDS: [&str; 5] = ["name", "event", "events", "expect", "title"];

impl Reader<'_> {
    pub(super) fn test(&mut self, node: &Node) -> Option<RuleTest> {
        let fields = Fields::open(node, "the test", &TEST_FIELDS, self.source, &mut self.sink)?;
        let name = fields.require_text("name", &mut self.sink);
        fields.require("expect", &mut self.sink);
        let choices = Expectation::ALL.map(|expect| (expect.as_str(), expect));
        let expect = fields.choice("expect", &choices, &mut self.sink);
        let title = fields.text("title", &mut self.sink).map(str::to_owned);
        let events: Vec<&Node> = match fields.get("events") {
            Some(_) => fields.mappings("events", &mut self.sink).iter().collect(),
            None => fields.require("event", &mut self.sink).into_iter().collect(),
        };
        let events: Option<Vec<String>> = events.into_iter().map(|node| self.event(node)).collect();
        let events = events.filter(|events| !events.is_empty())?;
        Some(RuleTest { name: name?.to_owned(), events, expect: expect?, title, span: node.span })
    }

    /// A test's event: a mapping, or JSON text.
    fn event(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::Map(_) => {
                let mut text = String::new();
                node.to_json().write_to(&mut text);
                Some(text)
            }
            Kind::Text(text, _) if matches!(parse_json(text), Some(Json::Object(_))) => Some(text.clone()),
            Kind::Text(text, _) => {
                self.sink.push(bad(node, "event", text, "a mapping, or the JSON text of an object"));
                None
            }
            _ => {
                wrong_type(node, "event", "a mapping, or the JSON text of an object", &mut self.sink);
                None
            }
        }
    }
}

fn parse_json(text: &str) -> Option<Json> {
    Json::parse(text.as_bytes(), &crate::json::Limits::default()).ok()
}
