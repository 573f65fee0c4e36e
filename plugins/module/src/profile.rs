//! What the counters say of single rules and predicates, for those who asked for it when they loaded.

use crate::request::object;
use oxpecker_engine::Profile;
use oxpecker_engine::json::Json;

/// Of one rule: how often it ran, and what wakes it.
pub(crate) fn rule(profile: &Profile, column: usize) -> Json {
    let Some(rule) = profile.rules.get(column) else { return Json::Null };
    let text =
        |place: &usize| profile.predicates.get(*place).map_or(Json::Null, |known| Json::from(known.text.as_str()));
    object([
        ("woken", Json::from(rule.woken)),
        ("woken_by", Json::Array(rule.woken_by.iter().map(text).collect())),
        ("and", rule.second.as_ref().map_or(Json::Null, text)),
    ])
}

/// Of all predicates.
pub(crate) fn predicates(profile: &Profile) -> Json {
    let predicates = profile.predicates.iter().map(|predicate| {
        object([
            ("predicate", Json::from(predicate.text.as_str())),
            ("asked", Json::from(predicate.asked)),
            ("held", Json::from(predicate.held)),
        ])
    });
    object([("predicates", Json::Array(predicates.collect()))])
}
