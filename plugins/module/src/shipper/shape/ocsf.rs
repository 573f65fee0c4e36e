//! The Open Cybersecurity Schema Framework, version 1.4: class 2004, Detection Finding.
//!
//! A finding is created when its alert fires and updated when it is told again.

use super::{View, is_address, json, list, number, object};
use oxpecker_engine::event::Instant;
use oxpecker_engine::json::Json;

const CLASS: u64 = 2004;

pub(super) fn finding(alert: &View<'_>) -> Json {
    let first = alert.text("state") == Some("fired");
    let (activity, name) = if first { (1, "Create") } else { (2, "Update") };
    let (severity_id, severity) = severity(alert.severity());
    let (start, end) = (milliseconds(alert.text("first_seen")), milliseconds(alert.text("last_seen")));
    object([
        ("activity_id", number(activity)),
        ("activity_name", json(name)),
        ("category_uid", number(2)),
        ("category_name", json("Findings")),
        ("class_uid", number(CLASS)),
        ("class_name", json("Detection Finding")),
        ("type_uid", number(CLASS * 100 + activity)),
        ("type_name", Some(Json::from(format!("Detection Finding: {name}")))),
        ("severity_id", number(severity_id)),
        ("severity", json(severity)),
        ("status_id", number(1)),
        ("status", json("New")),
        // Required; events without a time have none to give.
        ("time", Some(end.clone().unwrap_or_else(|| Json::from(0_u64)))),
        ("start_time", start.clone()),
        ("end_time", end.clone()),
        ("count", Some(alert.field("count"))),
        ("message", Some(alert.field("title"))),
        ("is_alert", Some(Json::from(first))),
        ("metadata", Some(metadata(alert))),
        ("finding_info", Some(finding_info(alert, start, end))),
        ("cloud", alert.is_cloudtrail().then(|| cloud(alert))),
        ("resources", resources(alert)),
        ("evidences", list([evidence(alert)])),
        ("unmapped", Some(unmapped(alert))),
    ])
}

/// 1 is to wake someone, 3 for audit.
fn severity(severity: Option<u8>) -> (u64, &'static str) {
    match severity {
        Some(1) => (4, "High"),
        Some(2) => (3, "Medium"),
        _ => (2, "Low"),
    }
}

fn milliseconds(time: Option<&str>) -> Option<Json> {
    Some(Json::from(Instant::parse(time?)?.milliseconds()))
}

fn metadata(alert: &View<'_>) -> Json {
    let product = object([
        ("name", json("Oxpecker")),
        ("vendor_name", json("Oxpecker")),
        ("version", json(env!("CARGO_PKG_VERSION"))),
    ]);
    let profiles = alert.is_cloudtrail().then(|| Json::from("cloud"));
    object([
        ("version", json("1.4.0")),
        ("product", Some(product)),
        ("profiles", list(profiles)),
        ("uid", Some(alert.field("alert_id"))),
        ("labels", alert.filled("tags")),
    ])
}

fn finding_info(alert: &View<'_>, first_seen: Option<Json>, last_seen: Option<Json>) -> Json {
    let analytic = object([
        ("uid", Some(alert.field("rule_id"))),
        ("name", Some(alert.field("rule"))),
        ("category", Some(alert.field("ruleset"))),
        ("version", Some(alert.field("rule_version"))),
        ("type_id", number(1)),
        ("type", json("Rule")),
    ]);
    let uid = |text: String| object([("uid", Some(Json::from(text)))]);
    let attacks: Vec<Json> = alert
        .techniques()
        .into_iter()
        .map(|(id, sub)| object([("technique", Some(uid(id))), ("sub_technique", sub.map(uid))]))
        .collect();
    object([
        ("uid", Some(alert.field("alert_id"))),
        ("title", Some(alert.field("title"))),
        ("desc", Some(alert.field("description"))),
        ("analytic", Some(analytic)),
        ("attacks", Some(attacks).filter(|all| !all.is_empty()).map(Json::Array)),
        ("first_seen_time", first_seen),
        ("last_seen_time", last_seen),
        ("data_sources", alert.text("event_type").map(|kind| Json::Array(vec![Json::from(kind)]))),
    ])
}

/// Only CloudTrail says for sure whose cloud it was.
fn cloud(alert: &View<'_>) -> Json {
    let account = alert.context("account").map(|uid| object([("uid", json(uid))]));
    object([("provider", json("AWS")), ("region", alert.context("region").map(Json::from)), ("account", account)])
}

fn resources(alert: &View<'_>) -> Option<Json> {
    let all: Vec<Json> = alert.contexts("resources").into_iter().map(|uid| object([("uid", json(uid))])).collect();
    Some(all).filter(|all| !all.is_empty()).map(Json::Array)
}

fn evidence(alert: &View<'_>) -> Json {
    let under = |inner: &str, name: &str| alert.context(name).map(|value| object([(inner, json(value))]));
    let api = alert.context("action").map(|action| {
        object([
            ("operation", json(action)),
            ("service", under("name", "service")),
            ("response", under("error", "error")),
        ])
    });
    let endpoint = |ip: &str| object([(if is_address(ip) { "ip" } else { "name" }, json(ip))]);
    let events = alert.events().iter().filter_map(|event| event.get("event")).cloned();
    let uids = alert.events().iter().filter_map(|event| event.get("id")).filter(|id| !id.is_null()).cloned();
    object([
        ("actor", actor(alert)),
        ("api", api),
        ("src_endpoint", alert.context("ip").map(endpoint)),
        ("data", Some(object([("events", list(events)), ("event_uids", list(uids))]))),
    ])
}

fn actor(alert: &View<'_>) -> Option<Json> {
    let (uid, kind) = (alert.context("actor"), alert.context("actor_type"));
    let key = alert.context("access_key");
    uid.or(kind).or(key)?;
    let session = alert.context("session_issuer").map(|issuer| object([("issuer", json(issuer))]));
    let user = object([
        ("uid", uid.map(Json::from)),
        ("type", kind.map(Json::from)),
        // 99: a type of the source's own, by its name.
        ("type_id", kind.and_then(|_| number(99))),
        ("credential_uid", key.map(Json::from)),
    ]);
    Some(object([("user", Some(user)), ("session", session)]))
}

fn unmapped(alert: &View<'_>) -> Json {
    object([
        ("state", Some(alert.field("state"))),
        ("source", Some(alert.field("source"))),
        ("aggregate", Some(alert.field("aggregate"))),
        ("threshold", Some(alert.field("threshold"))),
        ("window_seconds", Some(alert.field("window_seconds"))),
        ("suppressed", Some(alert.field("suppressed"))),
        ("dedup_key", Some(alert.field("dedup_key"))),
        ("matched", Some(alert.field("matched"))),
        ("user_agent", alert.0.at(&["context", "user_agent"]).cloned()),
        ("references", Some(alert.field("references"))),
        ("benign", Some(alert.field("benign"))),
        ("truncated", Some(alert.field("truncated"))),
    ])
}
