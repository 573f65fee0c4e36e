//! Alerts in the Elastic Common Schema, version 8.11, with what it has no field for under `oxpecker`.

use super::techniques::Technique;
use super::text;
use crate::alert::{Alert, Context, Matched, State, Texts};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// One alert as one line, without the line break.
///
/// # Errors
/// Never for an alert that was read from a record: all of it is JSON.
pub fn line(alert: &Alert) -> Result<String, serde_json::Error> {
    serde_json::to_string(&document(alert))
}

/// What stands for the time of an event without one: the field is required.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// The fields in the order in which they are written.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: &'a str,
    message: &'a str,
    tags: &'a [String],
    ecs: Version,
    event: Event<'a>,
    rule: Rule<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<UserAgent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threat: Option<Threat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<Related<'a>>,
    oxpecker: Own<'a>,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

#[derive(Serialize)]
struct Event<'a> {
    kind: &'static str,
    category: [&'static str; 1],
    r#type: [&'static str; 1],
    outcome: &'static str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    module: &'static str,
    dataset: &'static str,
    severity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<&'a str>,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    ruleset: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reference: &'a [String],
}

#[derive(Serialize)]
struct Cloud<'a> {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Name<'a>>,
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct User<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Source<'a> {
    address: &'a str,
    /// Only an address: the field's type refuses other texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
}

#[derive(Serialize)]
struct UserAgent<'a> {
    original: &'a str,
}

#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
}

#[derive(Serialize)]
struct Threat {
    framework: &'static str,
    technique: Ids,
}

#[derive(Serialize)]
struct Ids {
    id: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtechnique: Option<SubIds>,
}

#[derive(Serialize)]
struct SubIds {
    id: Vec<String>,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ip: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    user: Vec<&'a str>,
}

#[derive(Serialize)]
struct Own<'a> {
    alert_id: &'a str,
    state: State,
    severity: u8,
    source: &'a str,
    event_type: Option<&'a str>,
    aggregate: &'a Map<String, Value>,
    count: u64,
    threshold: u64,
    window_seconds: u64,
    suppressed: u64,
    dedup_key: &'a str,
    matched: &'a [Matched],
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resources: &'a [String],
    benign: &'a [String],
    truncated: bool,
    events: Vec<Contribution<'a>>,
}

#[derive(Serialize)]
struct Contribution<'a> {
    id: Option<&'a str>,
    /// The event as text: its fields are as many as there are kinds of events, and not the schema's.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<&'a str>,
}

fn document(alert: &Alert) -> Document<'_> {
    let context = &alert.context;
    let ip = text(context.ip.as_ref());
    let user = text(context.actor.as_ref()).map(|id| User { id, name: name_of(id) });
    let ips: Vec<&str> =
        context.ip.iter().flat_map(Texts::all).map(String::as_str).filter(|ip| is_address(ip)).collect();
    let users: Vec<&str> = user.iter().map(|user| user.name).collect();
    Document {
        timestamp: alert.last_seen.as_deref().unwrap_or(NO_TIME),
        message: &alert.title,
        tags: &alert.tags,
        ecs: Version { version: "8.11.0" },
        event: event(alert),
        rule: Rule {
            id: &alert.rule_id,
            name: &alert.rule,
            description: &alert.description,
            ruleset: &alert.ruleset,
            version: &alert.rule_version,
            reference: &alert.references,
        },
        cloud: cloud(alert),
        user,
        source: ip.map(|address| Source { address, ip: is_address(address).then_some(address) }),
        user_agent: text(context.user_agent.as_ref()).map(|original| UserAgent { original }),
        error: text(context.error.as_ref()).map(|code| Code { code }),
        threat: threat(&alert.tags),
        related: (!ips.is_empty() || !users.is_empty()).then_some(Related { ip: ips, user: users }),
        oxpecker: own(alert, context),
    }
}

fn event(alert: &Alert) -> Event<'_> {
    let cloudtrail = alert.event_type.as_deref() == Some("cloudtrail");
    Event {
        kind: "alert",
        category: ["intrusion_detection"],
        r#type: ["info"],
        outcome: match &alert.context.error {
            Some(_) => "failure",
            None if cloudtrail => "success",
            None => "unknown",
        },
        id: &alert.alert_id,
        action: text(alert.context.action.as_ref()),
        provider: text(alert.context.service.as_ref()),
        module: "oxpecker",
        dataset: "oxpecker.alert",
        severity: severity(alert.severity),
        start: alert.first_seen.as_deref(),
        end: alert.last_seen.as_deref(),
    }
}

/// 1 is to wake someone, 3 for audit; here larger is worse: high, medium and low on the scale to 100 that is usual there.
fn severity(severity: u8) -> u32 {
    match severity {
        1 => 73,
        2 => 47,
        _ => 21,
    }
}

/// Only CloudTrail says for sure whose cloud it was.
fn cloud(alert: &Alert) -> Option<Cloud<'_>> {
    let context = &alert.context;
    (alert.event_type.as_deref() == Some("cloudtrail")).then(|| Cloud {
        provider: "aws",
        region: text(context.region.as_ref()),
        account: text(context.account.as_ref()).map(|id| Id { id }),
        service: text(context.service.as_ref()).map(|name| Name { name }),
    })
}

fn threat(tags: &[String]) -> Option<Threat> {
    let techniques = super::techniques::of(tags);
    let mut ids = Vec::new();
    let mut subs = Vec::new();
    for Technique { id, sub } in techniques {
        if !ids.contains(&id) {
            ids.push(id);
        }
        subs.extend(sub);
    }
    let subtechnique = (!subs.is_empty()).then_some(SubIds { id: subs });
    (!ids.is_empty()).then_some(Threat { framework: "MITRE ATT&CK", technique: Ids { id: ids, subtechnique } })
}

fn own<'a>(alert: &'a Alert, context: &'a Context) -> Own<'a> {
    let contribution = |event: &'a crate::alert::AlertEvent| Contribution {
        id: event.id.as_deref(),
        original: event.event.as_deref().map(RawValue::get),
    };
    Own {
        alert_id: &alert.alert_id,
        state: alert.state,
        severity: alert.severity,
        source: &alert.source,
        event_type: alert.event_type.as_deref(),
        aggregate: &alert.aggregate,
        count: alert.count,
        threshold: alert.threshold,
        window_seconds: alert.window_seconds,
        suppressed: alert.suppressed,
        dedup_key: &alert.dedup_key,
        matched: &alert.matched,
        actor_type: text(context.actor_type.as_ref()),
        session_issuer: text(context.session_issuer.as_ref()),
        access_key: text(context.access_key.as_ref()),
        resources: context.resources.as_ref().map(Texts::all).unwrap_or_default(),
        benign: &alert.benign,
        truncated: alert.truncated,
        events: alert.events.iter().map(contribution).collect(),
    }
}

/// `ada` of `arn:aws:iam::111122223333:user/ada`.
fn name_of(actor: &str) -> &str {
    actor.rsplit(['/', ':']).next().filter(|name| !name.is_empty()).unwrap_or(actor)
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}
