//! What a list shows of an event: when, what, who, from where.

use crate::answer::{object, optional};
use oxpecker_engine::event::{Event, format_time};
use oxpecker_engine::json::{Json, Limits};
use oxpecker_engine::language;
use oxpecker_engine::language::expr::{Expr, Key};

/// How many characters of a text a row shows.
const SHOWN: usize = 120;

/// `{time, what, who, from, type, failed, bad}`; of bytes that are no event, `bad` says why.
pub(crate) fn row(bytes: &[u8]) -> Json {
    let event = match Event::parse(bytes, &Limits::default(), None) {
        Ok(event) => event,
        Err(reject) => {
            let start: String = String::from_utf8_lossy(bytes).chars().take(SHOWN).collect();
            return object([("bad", Json::from(reject.to_string())), ("what", Json::from(start))]);
        }
    };
    let mut context = String::new();
    event.write_context(&mut context);
    let context = Json::parse(context.as_bytes(), &Limits::default()).unwrap_or(Json::Null);
    let of = |name: &str| context.get(name).and_then(first);
    let what = of("action").or_else(|| first_of(&event, &["command", "type", "eventType", "message", "log"]));
    let who = first_of(&event, &["user", "user.username", "auser", "userIdentity.invokedBy"]);
    object([
        ("time", event.time().map(format_time).map_or(Json::Null, Json::from)),
        ("what", optional(what.as_deref())),
        ("who", optional(who.or_else(|| of("actor")).as_deref())),
        ("from", optional(of("ip").as_deref())),
        ("service", optional(of("service").or_else(|| first_of(&event, &["objectRef.resource", "exe"])).as_deref())),
        ("type", optional(event.event_type())),
        ("failed", optional(of("error").as_deref())),
    ])
}

fn first(value: &Json) -> Option<String> {
    let text = match value {
        Json::Array(items) => items.first()?.scalar_text()?,
        scalar => scalar.scalar_text()?,
    };
    Some(text.chars().take(SHOWN).collect())
}

fn first_of(event: &Event, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| event.resolve(&self::key(key)?).elements().find_map(first))
}

/// A key by its text.
pub(crate) fn key(text: &str) -> Option<Key> {
    match language::parse(&format!("{text} exists"), &language::Limits::default()).expr? {
        Expr::Predicate(predicate) => Some(predicate.operand.key),
        _ => None,
    }
}
