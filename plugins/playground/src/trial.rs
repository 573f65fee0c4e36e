//! The tests inside rule files, run as `oxpecker test` runs them: one event says what the rule makes of it, several are
//! fed in order and an alert must fire on the way.

use crate::answer::{array, number, object, optional};
use crate::rules;
use crate::session::Question;
use oxpecker_engine::Engine;
use oxpecker_engine::event::Event;
use oxpecker_engine::explain::explain;
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::problem::Position;
use oxpecker_engine::rule::{self, Rule, RuleTest};
use oxpecker_engine::trial::{self, Failure, Seen};

/// `[{rule, name, expect, got, title, failure, line, event}]`
pub(crate) fn run(question: &Question) -> Json {
    let Ok((mut engine, _)) = Engine::load(&question.request()) else { return Json::Array(Vec::new()) };
    let sources: Vec<_> = question.files.iter().map(rules::source).collect();
    let (set, _) = rule::load(&sources, question.lists.clone(), &rule::Limits::default());
    let lists = Lists::from(set.lists.clone());
    let mut out = Vec::new();
    for (column, collected) in set.rules.iter().enumerate() {
        let file = question.files.get(collected.source).map_or(&[][..], |(_, bytes)| bytes);
        let file = std::str::from_utf8(file).unwrap_or_default();
        for test in &collected.rule.tests {
            let seen = trial::run(&mut engine, column, &test.events);
            out.push(told(&collected.rule, test, &seen, file, &lists));
        }
    }
    array(out)
}

fn told(rule: &Rule, test: &RuleTest, seen: &Seen, file: &str, lists: &Lists) -> Json {
    object([
        ("rule", Json::from(rule.id.as_str())),
        ("name", Json::from(test.name.as_str())),
        ("expect", Json::from(test.expect.as_str())),
        ("got", Json::from(seen.outcome().as_str())),
        ("title", optional(seen.title())),
        ("failure", optional(failure(rule, test, seen, lists).as_deref())),
        ("line", number(Position::of(file, test.span).line)),
        ("events", array(test.events.iter().map(|event| Json::from(event.as_str())))),
    ])
}

fn failure(rule: &Rule, test: &RuleTest, seen: &Seen, lists: &Lists) -> Option<String> {
    Some(match seen.failure(test)? {
        Failure::Rejected(reason) => format!("the event was rejected: {reason}"),
        Failure::Outcome(got) => {
            let words = format!("expected {}, got {}", test.expect.as_str(), got.as_str());
            match (seen.below_threshold(), reason(rule, test, lists)) {
                (Some(matched), _) => format!("{words}; {matched} matched, the threshold is {}", rule.threshold),
                (None, Some(reason)) => format!("{words}; {reason}"),
                (None, None) => words,
            }
        }
        Failure::Title(found) => {
            let title = test.title.as_deref().unwrap_or_default();
            match found {
                Some(found) => format!("expected the title “{title}”, but it is “{found}”"),
                None => format!("expected the title “{title}”, but there is no alert"),
            }
        }
    })
}

/// The predicates that kept the last event from matching.
fn reason(rule: &Rule, test: &RuleTest, lists: &Lists) -> Option<String> {
    let event = Event::parse(test.events.last()?.as_bytes(), &Limits::default(), None).ok()?;
    let explained = explain(&rule.filter, &event, lists);
    let parts = oxpecker_engine::explain::nearest_miss(&explained).into_iter().filter_map(|way| {
        let part = way.iter().try_fold(&explained, |part, place| part.children.get(*place))?;
        let found = part.note.map_or_else(|| part.values.join(", "), str::to_owned);
        Some(format!("{} is false ({found})", part.text))
    });
    let parts: Vec<String> = parts.take(3).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
