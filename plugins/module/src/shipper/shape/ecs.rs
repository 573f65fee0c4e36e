//! The Elastic Common Schema, version 8.11, with what it has no field for under `oxpecker`.

use super::{View, is_address, json, list, number, object};
use oxpecker_engine::json::Json;

/// What stands for the time of an event without one: the field is required.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

pub(super) fn document(alert: &View<'_>) -> Json {
    let ip = alert.context("ip");
    let user = alert.context("actor");
    let only = |name: &str, value: Option<&str>| value.map(|value| object([(name, json(value))]));
    object([
        ("@timestamp", json(alert.text("last_seen").unwrap_or(NO_TIME))),
        ("message", Some(alert.field("title"))),
        ("tags", Some(alert.field("tags"))),
        ("ecs", Some(object([("version", json("8.11.0"))]))),
        ("event", Some(event(alert))),
        ("rule", Some(rule(alert))),
        ("cloud", alert.is_cloudtrail().then(|| cloud(alert))),
        ("user", user.map(|id| object([("id", json(id)), ("name", json(name_of(id)))]))),
        ("source", ip.map(|ip| object([("address", json(ip)), ("ip", json(ip).filter(|_| is_address(ip)))]))),
        ("user_agent", only("original", alert.context("user_agent"))),
        ("error", only("code", alert.context("error"))),
        ("threat", threat(alert)),
        ("related", related(alert, user)),
        ("oxpecker", Some(own(alert))),
    ])
}

fn event(alert: &View<'_>) -> Json {
    let outcome = match alert.context("error") {
        Some(_) => "failure",
        None if alert.is_cloudtrail() => "success",
        None => "unknown",
    };
    object([
        ("kind", json("alert")),
        ("category", list([Json::from("intrusion_detection")])),
        ("type", list([Json::from("info")])),
        ("outcome", json(outcome)),
        ("id", Some(alert.field("alert_id"))),
        ("action", alert.context("action").map(Json::from)),
        ("provider", alert.context("service").map(Json::from)),
        ("module", json("oxpecker")),
        ("dataset", json("oxpecker.alert")),
        ("severity", number(severity(alert.severity()))),
        ("start", alert.given("first_seen")),
        ("end", alert.given("last_seen")),
    ])
}

/// 1 is to wake someone, 3 for audit; here larger is worse.
fn severity(severity: Option<u8>) -> u64 {
    match severity {
        Some(1) => 73,
        Some(2) => 47,
        _ => 21,
    }
}

fn rule(alert: &View<'_>) -> Json {
    object([
        ("id", Some(alert.field("rule_id"))),
        ("name", Some(alert.field("rule"))),
        ("description", Some(alert.field("description"))),
        ("ruleset", Some(alert.field("ruleset"))),
        ("version", Some(alert.field("rule_version"))),
        ("reference", alert.filled("references")),
    ])
}

/// Only CloudTrail says for sure whose cloud it was.
fn cloud(alert: &View<'_>) -> Json {
    let under = |inner: &str, name: &str| alert.context(name).map(|value| object([(inner, json(value))]));
    object([
        ("provider", json("aws")),
        ("region", alert.context("region").map(Json::from)),
        ("account", under("id", "account")),
        ("service", under("name", "service")),
    ])
}

fn threat(alert: &View<'_>) -> Option<Json> {
    let mut ids: Vec<Json> = Vec::new();
    let mut subs = Vec::new();
    for (id, sub) in alert.techniques() {
        let id = Json::from(id);
        if !ids.contains(&id) {
            ids.push(id);
        }
        subs.extend(sub.map(Json::from));
    }
    if ids.is_empty() {
        return None;
    }
    let subs = Some(subs).filter(|subs| !subs.is_empty()).map(|subs| object([("id", list(subs))]));
    let technique = object([("id", list(ids)), ("subtechnique", subs)]);
    Some(object([("framework", json("MITRE ATT&CK")), ("technique", Some(technique))]))
}

fn related(alert: &View<'_>, user: Option<&str>) -> Option<Json> {
    let ips: Vec<Json> = alert.contexts("ip").into_iter().filter(|ip| is_address(ip)).map(Json::from).collect();
    let users: Vec<Json> = user.into_iter().map(|user| Json::from(name_of(user))).collect();
    let filled = |values: Vec<Json>| Some(values).filter(|values| !values.is_empty()).map(Json::Array);
    (!ips.is_empty() || !users.is_empty()).then(|| object([("ip", filled(ips)), ("user", filled(users))]))
}

fn own(alert: &View<'_>) -> Json {
    let resources: Vec<Json> = alert.contexts("resources").into_iter().map(Json::from).collect();
    let original = |event: &Json| event.get("event").map(|event| Json::from(event.to_string()));
    let told = |event: &Json| {
        let id = event.get("id").cloned().unwrap_or(Json::Null);
        object([("id", Some(id)), ("original", original(event))])
    };
    object([
        ("alert_id", Some(alert.field("alert_id"))),
        ("state", Some(alert.field("state"))),
        ("severity", Some(alert.field("severity"))),
        ("source", Some(alert.field("source"))),
        ("event_type", Some(alert.field("event_type"))),
        ("aggregate", Some(alert.field("aggregate"))),
        ("count", Some(alert.field("count"))),
        ("threshold", Some(alert.field("threshold"))),
        ("window_seconds", Some(alert.field("window_seconds"))),
        ("suppressed", Some(alert.field("suppressed"))),
        ("dedup_key", Some(alert.field("dedup_key"))),
        ("matched", Some(alert.field("matched"))),
        ("actor_type", alert.context("actor_type").map(Json::from)),
        ("session_issuer", alert.context("session_issuer").map(Json::from)),
        ("access_key", alert.context("access_key").map(Json::from)),
        ("resources", Some(resources).filter(|all| !all.is_empty()).map(Json::Array)),
        ("benign", Some(alert.field("benign"))),
        ("truncated", Some(alert.field("truncated"))),
        ("events", list(alert.events().iter().map(told))),
    ])
}

/// `ada` of `arn:aws:iam::111122223333:user/ada`.
fn name_of(actor: &str) -> &str {
    actor.rsplit(['/', ':']).next().filter(|name| !name.is_empty()).unwrap_or(actor)
}
