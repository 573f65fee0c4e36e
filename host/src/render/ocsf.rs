//! Alerts in the Open Cybersecurity Schema Framework, version 1.4: class 2004, Detection Finding.
//!
//! A finding is created when its alert is first told and updated when it is told again; that a window closes does not close
//! a finding. What the class has no attribute for is in `unmapped`.

use super::techniques::Technique;
use super::text;
use crate::alert::{Alert, Context, Matched, State, Texts};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::net::IpAddr;

const CLASS: u32 = 2004;

/// One alert as one line, without the line break. `first` where it was not told before.
///
/// # Errors
/// Never for an alert that was read from a record: all of it is JSON.
pub fn line(alert: &Alert, first: bool) -> Result<String, serde_json::Error> {
    serde_json::to_string(&finding(alert, first))
}

/// The attributes in the order in which they are written.
#[derive(Serialize)]
struct Finding<'a> {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: String,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    count: u64,
    message: &'a str,
    is_alert: bool,
    metadata: Metadata<'a>,
    finding_info: FindingInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Uid<'a>>,
    evidences: Vec<Evidence<'a>>,
    unmapped: Unmapped<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product,
    profiles: Vec<&'static str>,
    uid: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    labels: &'a [String],
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: &'a str,
    title: &'a str,
    desc: &'a str,
    analytic: Analytic<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_sources: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
struct Analytic<'a> {
    uid: &'a str,
    name: &'a str,
    category: &'a str,
    version: &'a str,
    type_id: u32,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Attack {
    technique: OwnedUid,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_technique: Option<OwnedUid>,
}

#[derive(Serialize)]
struct OwnedUid {
    uid: String,
}

#[derive(Serialize)]
struct Uid<'a> {
    uid: &'a str,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Cloud<'a> {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Uid<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<Api<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_endpoint: Option<Endpoint<'a>>,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Actor<'a> {
    user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session<'a>>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_uid: Option<&'a str>,
}

#[derive(Serialize)]
struct Session<'a> {
    issuer: &'a str,
}

#[derive(Serialize)]
struct Api<'a> {
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response<'a>>,
}

#[derive(Serialize)]
struct Response<'a> {
    error: &'a str,
}

/// An address, or the name of who called where it is none.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Endpoint<'a> {
    Ip(&'a str),
    Name(&'a str),
}

/// The events of the record: the first ones whole, of others their identifiers.
#[derive(Serialize)]
struct Data<'a> {
    events: Vec<&'a RawValue>,
    event_uids: Vec<&'a str>,
}

#[derive(Serialize)]
struct Unmapped<'a> {
    state: State,
    source: &'a str,
    aggregate: &'a Map<String, Value>,
    threshold: u64,
    window_seconds: u64,
    suppressed: u64,
    dedup_key: &'a str,
    matched: &'a [Matched],
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a Texts>,
    references: &'a [String],
    benign: &'a [String],
    truncated: bool,
}

fn finding(alert: &Alert, first: bool) -> Finding<'_> {
    let (activity_id, activity_name) = if first { (1, "Create") } else { (2, "Update") };
    let (severity_id, severity) = severity(alert.severity);
    let (start_time, end_time) =
        (super::milliseconds(alert.first_seen.as_ref()), super::milliseconds(alert.last_seen.as_ref()));
    let cloud = cloud(alert);
    Finding {
        activity_id,
        activity_name,
        category_uid: 2,
        category_name: "Findings",
        class_uid: CLASS,
        class_name: "Detection Finding",
        type_uid: CLASS * 100 + activity_id,
        type_name: format!("Detection Finding: {activity_name}"),
        severity_id,
        severity,
        status_id: 1,
        status: "New",
        // Required; events without a time have none to give.
        time: end_time.unwrap_or(0),
        start_time,
        end_time,
        count: alert.count,
        message: &alert.title,
        is_alert: first,
        metadata: Metadata {
            version: "1.4.0",
            product: Product { name: "Oxpecker", vendor_name: "Oxpecker", version: env!("CARGO_PKG_VERSION") },
            profiles: cloud.iter().map(|_| "cloud").collect(),
            uid: &alert.alert_id,
            labels: &alert.tags,
        },
        finding_info: finding_info(alert, start_time, end_time),
        cloud,
        resources: alert.context.resources.iter().flat_map(Texts::all).map(|uid| Uid { uid }).collect(),
        evidences: vec![evidence(alert)],
        unmapped: unmapped(alert),
    }
}

/// 1 is to wake someone, 3 for audit.
fn severity(severity: u8) -> (u32, &'static str) {
    match severity {
        1 => (4, "High"),
        2 => (3, "Medium"),
        _ => (2, "Low"),
    }
}

fn finding_info(alert: &Alert, first_seen_time: Option<i64>, last_seen_time: Option<i64>) -> FindingInfo<'_> {
    let attack = |Technique { id, sub }: Technique| Attack {
        technique: OwnedUid { uid: id },
        sub_technique: sub.map(|uid| OwnedUid { uid }),
    };
    FindingInfo {
        uid: &alert.alert_id,
        title: &alert.title,
        desc: &alert.description,
        analytic: Analytic {
            uid: &alert.rule_id,
            name: &alert.rule,
            category: &alert.ruleset,
            version: &alert.rule_version,
            type_id: 1,
            r#type: "Rule",
        },
        attacks: super::techniques::of(&alert.tags).into_iter().map(attack).collect(),
        first_seen_time,
        last_seen_time,
        data_sources: alert.event_type.as_deref().map(|kind| [kind]),
    }
}

/// Only CloudTrail says for sure whose cloud it was.
fn cloud(alert: &Alert) -> Option<Cloud<'_>> {
    let account = text(alert.context.account.as_ref()).map(|uid| Uid { uid });
    let region = text(alert.context.region.as_ref());
    (alert.event_type.as_deref() == Some("cloudtrail")).then_some(Cloud { provider: "AWS", region, account })
}

fn evidence(alert: &Alert) -> Evidence<'_> {
    let context = &alert.context;
    let endpoint = |ip| if str::parse::<IpAddr>(ip).is_ok() { Endpoint::Ip(ip) } else { Endpoint::Name(ip) };
    Evidence {
        actor: actor(context),
        api: text(context.action.as_ref()).map(|operation| Api {
            operation,
            service: text(context.service.as_ref()).map(|name| Named { name }),
            response: text(context.error.as_ref()).map(|error| Response { error }),
        }),
        src_endpoint: text(context.ip.as_ref()).map(endpoint),
        data: Data {
            events: alert.events.iter().filter_map(|event| event.event.as_deref()).collect(),
            event_uids: alert.events.iter().filter_map(|event| event.id.as_deref()).collect(),
        },
    }
}

fn actor(context: &Context) -> Option<Actor<'_>> {
    let (uid, kind) = (text(context.actor.as_ref()), text(context.actor_type.as_ref()));
    let credential_uid = text(context.access_key.as_ref());
    let session = text(context.session_issuer.as_ref()).map(|issuer| Session { issuer });
    // 99: a type of the source's own, by its name.
    let user = User { uid, r#type: kind, type_id: kind.map(|_| 99), credential_uid };
    (uid.or(kind).or(credential_uid).is_some()).then_some(Actor { user, session })
}

fn unmapped(alert: &Alert) -> Unmapped<'_> {
    Unmapped {
        state: alert.state,
        source: &alert.source,
        aggregate: &alert.aggregate,
        threshold: alert.threshold,
        window_seconds: alert.window_seconds,
        suppressed: alert.suppressed,
        dedup_key: &alert.dedup_key,
        matched: &alert.matched,
        user_agent: alert.context.user_agent.as_ref(),
        references: &alert.references,
        benign: &alert.benign,
        truncated: alert.truncated,
    }
}
