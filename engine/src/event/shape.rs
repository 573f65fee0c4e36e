//! What kind of record an event is, told from the fields that the record's producer always writes.
//!
//! Never told from `event_type`: a log line must not become a CloudTrail record by saying so. Other types it may claim,
//! since nothing hangs on them but the type.

use super::mapped;
use super::mapping::{self, Mapping};
use crate::json::At;

/// The records that are known by their shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A CloudTrail record of a management or data event.
    CloudTrail,
    /// A CloudTrail Insights record.
    CloudTrailInsight,
    /// A CloudTrail record of traffic through a VPC endpoint.
    CloudTrailNetworkActivity,
    /// A CloudTrail record that sums up several events.
    CloudTrailAggregated,
    /// An event of a producer that a mapping knows: Kubernetes' audit, laurel, Falco …
    Mapped(Producer),
    /// Anything else.
    Other,
}

/// A producer that a mapping knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Producer(usize);

impl Producer {
    /// The producer of the mapping in this place.
    pub(crate) fn new(place: usize) -> Self {
        Self(place)
    }

    /// Its place among the mappings.
    pub(crate) fn place(self) -> usize {
        self.0
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        mapping::all().get(self.0).map(|mapping| mapping.name.as_str()).unwrap_or_default()
    }
}

impl Shape {
    /// The shape of an event.
    pub(crate) fn of(root: At<'_>) -> Self {
        if is_cloudtrail_record(root) {
            return match root.get("eventCategory").and_then(At::as_text) {
                Some("Insight") => Shape::CloudTrailInsight,
                Some("NetworkActivity") => Shape::CloudTrailNetworkActivity,
                Some("Aggregated") => Shape::CloudTrailAggregated,
                _ => Shape::CloudTrail,
            };
        }
        let mapped = || mapped::producer(root).map(|place| Shape::Mapped(Producer::new(place)));
        summary_record(root).or_else(mapped).unwrap_or(Shape::Other)
    }

    /// The event type that this shape gives by itself. What a mapping gives hangs on the event.
    #[must_use]
    pub fn event_type(self) -> Option<&'static str> {
        match self {
            Shape::CloudTrail => Some("cloudtrail"),
            Shape::CloudTrailInsight => Some("cloudtrail_insight"),
            Shape::CloudTrailNetworkActivity => Some("cloudtrail_network_activity"),
            Shape::CloudTrailAggregated => Some("cloudtrail_aggregated"),
            Shape::Mapped(_) | Shape::Other => None,
        }
    }

    /// Whether this is the event type of one of CloudTrail's shapes, which an event's own field cannot give.
    pub(crate) fn is_cloudtrail_type(event_type: &str) -> bool {
        [Shape::CloudTrail, Shape::CloudTrailInsight, Shape::CloudTrailNetworkActivity, Shape::CloudTrailAggregated]
            .iter()
            .any(|shape| shape.event_type() == Some(event_type))
    }

    /// Whether CloudTrail wrote it: such events have the helper keys, and parts of them can be left out.
    #[must_use]
    pub fn is_cloudtrail(self) -> bool {
        !matches!(self, Shape::Mapped(_) | Shape::Other)
    }

    /// What is known of the producer.
    pub(crate) fn mapping(self) -> Option<&'static Mapping> {
        match self {
            Shape::Mapped(producer) => mapping::all().get(producer.place()),
            _ => None,
        }
    }
}

/// Notifications of S3 have the same fields, and are told by their source.
fn is_cloudtrail_record(root: At<'_>) -> bool {
    let text = |name| root.get(name).and_then(At::as_text);
    let present = |name| root.get(name).is_some_and(|value| !value.is_null());
    text("eventSource").is_some_and(|source| source != "aws:s3")
        && text("eventName").is_some()
        && (present("eventVersion") || present("userIdentity"))
}

/// Insights and aggregated records may name no API call at their top: the type and a part that only they have tell them.
fn summary_record(root: At<'_>) -> Option<Shape> {
    root.get("eventVersion").filter(|version| !version.is_null())?;
    let (part, shape) = match root.get("eventType")?.as_text()? {
        "AwsCloudTrailInsight" => ("insightDetails", Shape::CloudTrailInsight),
        "AwsAggregatedEvent" => ("timeWindow", Shape::CloudTrailAggregated),
        _ => return None,
    };
    root.get(part)?.is_object().then_some(shape)
}
