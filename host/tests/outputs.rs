//! `replay --output ocsf` and `--output ecs` hold only names that the published schemas have, each of its type, and all that
//! they require.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot run its commands has failed")]

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The output of a replay of the shipped sample, one line an alert.
fn replay(form: &str, extra: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_oxpecker"))
        .current_dir(root())
        .args(["replay", "--quiet", "--output", form, "rules/samples/cloudtrail.ndjson"])
        .args(extra)
        .output()
        .expect("oxpecker runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<String> = String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect();
    assert!(lines.len() >= 10, "{} alerts", lines.len());
    lines
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).expect("a line is JSON")
}

/// What an attribute holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Integer,
    Flag,
    Texts,
    /// Anything: what the schema leaves to the sender.
    Free,
    Object(&'static str),
    Objects(&'static str),
}

/// Name, whether it is required, and what it holds.
type Attributes = &'static [(&'static str, bool, Holds)];

use Holds::{Flag, Free, Integer, Object, Objects, Text, Texts};

/// Attributes of the class and of the objects that it reaches, as far as an alert has something for them; required ones
/// are marked. From the schema's published definitions of version 1.4.
#[rustfmt::skip]
const OCSF: &[(&str, Attributes)] = &[
    ("detection_finding", &[
        ("activity_id", true, Integer), ("activity_name", false, Text), ("category_uid", true, Integer),
        ("category_name", false, Text), ("class_uid", true, Integer), ("class_name", false, Text),
        ("type_uid", true, Integer), ("type_name", false, Text), ("severity_id", true, Integer), ("severity", false, Text),
        ("status_id", false, Integer), ("status", false, Text), ("status_code", false, Text), ("status_detail", false, Text),
        ("time", true, Integer), ("start_time", false, Integer), ("end_time", false, Integer), ("duration", false, Integer),
        ("timezone_offset", false, Integer), ("count", false, Integer), ("message", false, Text), ("comment", false, Text),
        ("is_alert", false, Flag), ("confidence_id", false, Integer), ("impact_id", false, Integer),
        ("risk_level_id", false, Integer), ("risk_score", false, Integer), ("metadata", true, Object("metadata")),
        ("finding_info", true, Object("finding_info")), ("cloud", false, Object("cloud")),
        ("resources", false, Objects("resource_details")), ("evidences", false, Objects("evidences")),
        ("raw_data", false, Text), ("unmapped", false, Free),
    ]),
    ("metadata", &[
        ("version", true, Text), ("product", true, Object("product")), ("profiles", false, Texts), ("uid", false, Text),
        ("labels", false, Texts), ("event_code", false, Text), ("original_time", false, Text),
    ]),
    ("product", &[("name", true, Text), ("vendor_name", false, Text), ("version", false, Text), ("uid", false, Text)]),
    ("finding_info", &[
        ("uid", true, Text), ("title", true, Text), ("desc", false, Text), ("analytic", false, Object("analytic")),
        ("attacks", false, Objects("attack")), ("first_seen_time", false, Integer), ("last_seen_time", false, Integer),
        ("created_time", false, Integer), ("modified_time", false, Integer), ("data_sources", false, Texts),
        ("types", false, Texts), ("src_url", false, Text),
    ]),
    ("analytic", &[
        ("uid", false, Text), ("name", false, Text), ("category", false, Text), ("version", false, Text),
        ("type_id", true, Integer), ("type", false, Text), ("desc", false, Text),
    ]),
    ("attack", &[("technique", false, Object("technique")), ("sub_technique", false, Object("technique")), ("version", false, Text)]),
    ("technique", &[("uid", false, Text), ("name", false, Text)]),
    ("cloud", &[("provider", true, Text), ("region", false, Text), ("account", false, Object("account")), ("zone", false, Text)]),
    ("account", &[("uid", false, Text), ("name", false, Text), ("type_id", false, Integer)]),
    ("resource_details", &[("uid", false, Text), ("name", false, Text), ("type", false, Text)]),
    ("evidences", &[
        ("actor", false, Object("actor")), ("api", false, Object("api")), ("src_endpoint", false, Object("network_endpoint")),
        ("data", false, Free),
    ]),
    ("actor", &[("user", false, Object("user")), ("session", false, Object("session"))]),
    ("user", &[("uid", false, Text), ("name", false, Text), ("type", false, Text), ("type_id", false, Integer), ("credential_uid", false, Text)]),
    ("session", &[("uid", false, Text), ("issuer", false, Text)]),
    ("api", &[("operation", true, Text), ("service", false, Object("service")), ("response", false, Object("response"))]),
    ("service", &[("name", false, Text), ("uid", false, Text)]),
    ("response", &[("error", false, Text), ("code", false, Integer), ("message", false, Text)]),
    ("network_endpoint", &[("ip", false, Text), ("name", false, Text), ("uid", false, Text)]),
];

fn check(value: &Value, holds: Holds, place: &str) {
    let sound = match holds {
        Text => value.is_string(),
        Integer => value.is_i64() || value.is_u64(),
        Flag => value.is_boolean(),
        Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
        Free => value.is_object(),
        Object(name) => value.as_object().is_some_and(|members| object(members, name, place)),
        Objects(name) => value.as_array().is_some_and(|all| {
            let each = |one: &Value| one.as_object().is_some_and(|members| object(members, name, place));
            !all.is_empty() && all.iter().all(each)
        }),
    };
    assert!(sound, "{place}: {value}");
}

fn object(members: &Map<String, Value>, name: &str, place: &str) -> bool {
    let (_, attributes) = OCSF.iter().find(|(known, _)| *known == name).expect("the table has the object");
    for (attribute, value) in members {
        let place = format!("{place}.{attribute}");
        let known = attributes.iter().find(|(known, ..)| known == attribute);
        let (_, _, holds) = known.unwrap_or_else(|| panic!("{place} is no attribute of {name}"));
        check(value, *holds, &place);
    }
    for (attribute, required, _) in *attributes {
        assert!(!required || members.contains_key(*attribute), "{place} has no {attribute}");
    }
    true
}

#[test]
fn an_ocsf_finding_has_the_attributes_of_its_class() {
    for line in replay("ocsf", &[]) {
        let finding = json(&line);
        check(&finding, Object("detection_finding"), "finding");
        assert_eq!(
            (&finding["class_uid"], &finding["category_uid"], &finding["type_uid"]),
            (&2004.into(), &2.into(), &200_401.into())
        );
        let severity = [("High", 4), ("Medium", 3), ("Low", 2)];
        assert!(severity.iter().any(|(name, id)| finding["severity"] == *name && finding["severity_id"] == *id));
        assert_eq!(finding["metadata"]["profiles"], serde_json::json!(["cloud"]));
        assert!(finding["start_time"].as_i64() <= finding["end_time"].as_i64());
        assert!(finding["evidences"][0]["data"]["events"][0]["eventName"].is_string());
        assert!(line.starts_with(r#"{"activity_id":1,"activity_name":"Create","category_uid":2,"#), "{line}");
    }
}

#[test]
fn told_live_a_finding_is_created_once() {
    let mut created = std::collections::BTreeSet::new();
    for line in replay("ocsf", &["--live"]) {
        let finding = json(&line);
        let (uid, activity) = (finding["finding_info"]["uid"].to_string(), finding["activity_id"].as_i64());
        assert_eq!(finding["type_uid"].as_i64(), activity.map(|activity| 200_400 + activity));
        assert_eq!(activity == Some(1), created.insert(uid), "{line}");
    }
}

/// Fields of the schema that an alert may have, by their whole names, from its published reference of version 8.11.
const ECS: &[&str] = &[
    "@timestamp",
    "message",
    "tags",
    "ecs.version",
    "event.kind",
    "event.category",
    "event.type",
    "event.outcome",
    "event.id",
    "event.action",
    "event.provider",
    "event.module",
    "event.dataset",
    "event.severity",
    "event.start",
    "event.end",
    "rule.id",
    "rule.name",
    "rule.description",
    "rule.ruleset",
    "rule.version",
    "rule.reference",
    "cloud.provider",
    "cloud.region",
    "cloud.account.id",
    "cloud.service.name",
    "user.id",
    "user.name",
    "source.address",
    "source.ip",
    "user_agent.original",
    "error.code",
    "threat.framework",
    "threat.technique.id",
    "threat.technique.subtechnique.id",
    "related.ip",
    "related.user",
];

fn names(value: &Value, prefix: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                names(value, &format!("{prefix}{}{name}", if prefix.is_empty() { "" } else { "." }), found);
            }
        }
        _ => found.push(prefix.to_owned()),
    }
}

#[test]
fn an_ecs_alert_has_the_schemas_fields_and_its_own() {
    let mut all = std::collections::BTreeSet::new();
    for line in replay("ecs", &[]) {
        let document = json(&line);
        let mut found = Vec::new();
        names(&document, "", &mut found);
        for name in &found {
            assert!(ECS.contains(&name.as_str()) || name.starts_with("oxpecker."), "{name}");
        }
        for required in ["@timestamp", "ecs.version", "event.kind"] {
            assert!(found.iter().any(|name| name == required), "{required}");
        }
        assert_eq!(document["event"]["kind"], "alert");
        assert!([21, 47, 73].iter().any(|severity| document["event"]["severity"] == *severity));
        if let Some(ip) = document["source"].get("ip") {
            assert!(ip.as_str().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok()));
        }
        let original = document["oxpecker"]["events"][0]["original"].as_str().expect("an event's text");
        assert!(json(original)["eventName"].is_string());
        assert!(line.starts_with(r#"{"@timestamp":""#), "{line}");
        all.extend(found);
    }
    for name in ["rule.id", "cloud.account.id", "user.name", "source.ip", "threat.technique.id", "related.ip"] {
        assert!(all.contains(name), "no alert of the sample has {name}");
    }
}

#[test]
fn the_same_bytes_each_time() {
    for form in ["ocsf", "ecs"] {
        assert_eq!(replay(form, &["--jobs", "1"]), replay(form, &["--jobs", "2"]));
    }
}
