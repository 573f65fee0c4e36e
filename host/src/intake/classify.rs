//! What an object is: an event, an envelope, or a known thing that is neither. Decided by the outermost keys alone, and
//! only where all identifying keys are there: an event that happens to have a `message` or a `detail` stays an event.

use super::json::{Elements, Members};
use super::{Layer, Skip};

/// What an object is and where its inside is. Slices are raw JSON values of the object.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    /// An event.
    Event,
    /// Known, and no event.
    Skip(Skip),
    /// An envelope around one object.
    Object(&'a [u8], Layer),
    /// An envelope around a text that is JSON.
    Text(&'a [u8], Layer),
    /// An envelope around base64 data.
    Data(&'a [u8], Layer),
    /// An envelope around an array, of which each element holds something.
    Each(&'a [u8], Layer, Part),
    /// A record that is an event, unless this text is itself a JSON object.
    MaybeText(&'a [u8]),
    /// An envelope without its inside.
    Hollow(Layer),
}

/// Which part of an array's element is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The element, whatever it is.
    Whole,
    /// The JSON text under this key.
    Text(&'static str),
    /// The base64 data under this key.
    Data(&'static str),
}

/// Whether the text begins as today's CloudTrail records do: then it is an event, whatever follows. Version `1.0` alone
/// is not enough, Kinesis records have that too.
pub(super) fn begins_as_cloudtrail(text: &[u8]) -> bool {
    text.strip_prefix(b"{\"eventVersion\":\"1.").is_some_and(|rest| !rest.starts_with(b"0\""))
}

/// What `text`, an object, is.
pub(super) fn classify(text: &[u8]) -> Shape<'_> {
    if begins_as_cloudtrail(text) {
        return Shape::Event;
    }
    let Some(keys) = Keys::of(text) else { return Shape::Event };
    if keys.0.is_empty() {
        return Shape::Event;
    }
    by_source(&keys)
        .or_else(|| known_neighbour(&keys))
        .or_else(|| aws_envelope(&keys))
        .or_else(|| list(&keys, text))
        .or_else(|| single_message(&keys))
        .or_else(|| log_text(&keys))
        .unwrap_or(Shape::Event)
}

/// The members that any of the rules below looks at.
struct Keys<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Keys<'a> {
    /// Collects them; `None` as soon as the object is seen to be an event.
    fn of(text: &'a [u8]) -> Option<Self> {
        let mut keys = Self(Vec::new());
        for (key, value) in Members::of(text).filter(|(key, _)| matters(key)) {
            keys.0.push((key, value));
            let decisive = matches!(key, b"eventName" | b"eventSource" | b"kind" | b"apiVersion");
            if decisive && (keys.is_api_call() || keys.is_kubernetes_audit()) {
                return None;
            }
        }
        Some(keys)
    }

    fn get(&self, key: &str) -> Option<&'a [u8]> {
        self.0.iter().rev().find(|(k, _)| *k == key.as_bytes()).map(|(_, v)| *v)
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn is(&self, key: &str, text: &str) -> bool {
        self.get(key).and_then(inside_quotes) == Some(text.as_bytes())
    }

    /// The value under `key` if it begins with `first`.
    fn kind(&self, key: &str, first: u8) -> Option<&'a [u8]> {
        self.get(key).filter(|v| v.first() == Some(&first))
    }

    fn text(&self, key: &str) -> Option<&'a [u8]> {
        self.kind(key, b'"')
    }

    fn array(&self, key: &str) -> Option<&'a [u8]> {
        self.kind(key, b'[')
    }

    /// `eventName` and an `eventSource` that is a service, not a Lambda trigger's `aws:…`.
    fn is_api_call(&self) -> bool {
        self.has("eventName") && self.text("eventSource").is_some_and(|v| !v.starts_with(b"\"aws:"))
    }

    fn is_kubernetes_audit(&self) -> bool {
        self.is("kind", "Event") && self.text("apiVersion").is_some_and(|v| v.starts_with(b"\"audit.k8s.io/"))
    }
}

fn matters(key: &[u8]) -> bool {
    matches!(
        key,
        b"detail" | b"detail-type" | b"source" | b"logEvents" | b"messageType" | b"logGroup" | b"awslogs" | b"records"
            | b"requestId" | b"timestamp" | b"invocationId" | b"deliveryStreamArn" | b"recordId" | b"data" | b"Records"
            | b"kinesis" | b"eventSource" | b"eventName" | b"EventSource" | b"Sns" | b"body" | b"messageId"
            | b"receiptHandle" | b"Data" | b"PartitionKey" | b"SequenceNumber" | b"Type" | b"Message" | b"TopicArn"
            | b"MessageId" | b"ReceiptHandle" | b"Body" | b"Messages" | b"Events" | b"EventId" | b"CloudTrailEvent"
            | b"kind" | b"apiVersion" | b"items" | b"log" | b"message" | b"digestS3Bucket" | b"digestStartTime"
            | b"Service" | b"Event" | b"s3Bucket" | b"s3ObjectKey"
            // Marks of a host event, whose `log` is its own text.
            | b"sigid" | b"agent_id" | b"event_type" | b"syscall" | b"exe" | b"win_event_id" | b"auditID"
    )
}

/// Lambda triggers say what they are.
fn by_source<'a>(keys: &Keys<'a>) -> Option<Shape<'a>> {
    if keys.is("eventSource", "aws:s3") {
        return Some(Shape::Skip(Skip::S3Notification));
    }
    if keys.is("eventSource", "aws:kinesis")
        && let Some(kinesis) = keys.kind("kinesis", b'{')
    {
        return Some(data(Members::find(kinesis, b"data"), Layer::Kinesis));
    }
    if keys.is("eventSource", "aws:sqs") && keys.has("body") {
        return Some(text(keys.get("body"), Layer::Sqs));
    }
    if keys.is("EventSource", "aws:sns")
        && let Some(sns) = keys.kind("Sns", b'{')
    {
        return Some(text(Members::find(sns, b"Message"), Layer::Sns));
    }
    (keys.has("eventName") && keys.has("eventSource")).then_some(Shape::Event)
}

fn known_neighbour<'a>(keys: &Keys<'a>) -> Option<Shape<'a>> {
    let skip = if keys.has("digestS3Bucket") && keys.has("digestStartTime") {
        Skip::Digest
    } else if keys.is("Service", "Amazon S3") && keys.is("Event", "s3:TestEvent") {
        Skip::S3Notification
    } else if keys.text("s3Bucket").is_some() && keys.array("s3ObjectKey").is_some() {
        Skip::DeliveryNotice
    } else if is_control(keys) {
        Skip::ControlMessage
    } else {
        return None;
    };
    Some(Shape::Skip(skip))
}

fn is_control(keys: &Keys<'_>) -> bool {
    let subscription = keys.is("Type", "SubscriptionConfirmation") || keys.is("Type", "UnsubscribeConfirmation");
    (keys.is("messageType", "CONTROL_MESSAGE") && keys.has("logEvents")) || (subscription && keys.has("TopicArn"))
}

fn aws_envelope<'a>(keys: &Keys<'a>) -> Option<Shape<'a>> {
    if keys.has("detail-type")
        && keys.has("source")
        && let Some(detail) = keys.kind("detail", b'{')
    {
        let s3 = keys.is("source", "aws.s3") && keys.text("detail-type").is_some_and(|t| t.starts_with(b"\"Object "));
        return Some(if s3 { Shape::Skip(Skip::S3Notification) } else { Shape::Object(detail, Layer::EventBridge) });
    }
    if let Some(awslogs) = keys.kind("awslogs", b'{') {
        return Members::find(awslogs, b"data").map(|v| data(Some(v), Layer::AwsLogs));
    }
    if keys.is("messageType", "DATA_MESSAGE") && keys.has("logGroup") {
        return Some(match keys.array("logEvents") {
            Some(events) => Shape::Each(events, Layer::CloudWatchLogs, Part::Text("message")),
            None => Shape::Hollow(Layer::CloudWatchLogs),
        });
    }
    None
}

fn list<'a>(keys: &Keys<'a>, text: &'a [u8]) -> Option<Shape<'a>> {
    if let Some(records) = keys.array("records") {
        let named = keys.has("deliveryStreamArn")
            || keys.has("invocationId")
            || (keys.has("requestId") && keys.has("timestamp"))
            || first_has(records, "recordId");
        return (named && first_has(records, "data")).then_some(Shape::Each(
            records,
            Layer::Firehose,
            Part::Data("data"),
        ));
    }
    if let Some(records) = keys.array("Records")
        && !keys.has("eventName")
        && (is_empty(records) || first(records).is_some_and(|e| e.first() == Some(&b'{')))
    {
        return Some(Shape::Each(records, Layer::Records, Part::Whole));
    }
    if let Some(messages) = keys.array("Messages")
        && first_has(messages, "Body")
        && first_has(messages, "MessageId")
    {
        return Some(Shape::Each(messages, Layer::Sqs, Part::Text("Body")));
    }
    if let Some(events) = keys.array("Events") {
        let alone = || Members::of(text).all(|(k, _)| matches!(k, b"Events" | b"NextToken" | b"nextToken"));
        return (first_has(events, "CloudTrailEvent") || (is_empty(events) && alone())).then_some(Shape::Each(
            events,
            Layer::LookupEvents,
            Part::Text("CloudTrailEvent"),
        ));
    }
    if keys.is("kind", "EventList") && keys.has("apiVersion") {
        return keys.array("items").map(|items| Shape::Each(items, Layer::EventList, Part::Whole));
    }
    None
}

fn single_message<'a>(keys: &Keys<'a>) -> Option<Shape<'a>> {
    let sns = keys.is("Type", "Notification") && (keys.has("TopicArn") || keys.has("MessageId"));
    if sns && keys.has("Message") {
        return Some(text(keys.get("Message"), Layer::Sns));
    }
    let queued = keys.has("MessageId") && keys.has("ReceiptHandle") && keys.has("Body");
    if queued {
        return Some(text(keys.get("Body"), Layer::Sqs));
    }
    if keys.has("messageId") && keys.has("receiptHandle") && keys.has("body") {
        return Some(text(keys.get("body"), Layer::Sqs));
    }
    if keys.has("SequenceNumber") && keys.has("PartitionKey") && keys.has("Data") {
        return Some(data(keys.get("Data"), Layer::Kinesis));
    }
    if keys.has("recordId") && keys.has("data") {
        return Some(data(keys.get("data"), Layer::Firehose));
    }
    if keys.has("EventId") && keys.has("CloudTrailEvent") {
        return Some(text(keys.get("CloudTrailEvent"), Layer::LookupEvents));
    }
    None
}

fn log_text<'a>(keys: &Keys<'a>) -> Option<Shape<'a>> {
    const OWN_TEXT: [&str; 8] =
        ["sigid", "agent_id", "event_type", "syscall", "exe", "win_event_id", "auditID", "eventName"];
    if OWN_TEXT.iter().any(|key| keys.has(key)) {
        return None;
    }
    let json = |key| keys.text(key).filter(|v| begins_as_object(v));
    json("log").or_else(|| json("message")).map(Shape::MaybeText)
}

/// Whether a raw JSON text's content begins with `{`, after blanks plain or escaped.
fn begins_as_object(raw: &[u8]) -> bool {
    let mut rest = raw.get(1..).unwrap_or_default();
    loop {
        rest = match rest {
            [b'{', ..] => return true,
            [b' ' | b'\t', tail @ ..] | [b'\\', b'n' | b'r' | b't', tail @ ..] => tail,
            [b'\\', b'u', b'0', b'0', b'7', b'b' | b'B', ..] => return true,
            _ => return false,
        };
    }
}

fn text(value: Option<&[u8]>, layer: Layer) -> Shape<'_> {
    value.filter(|v| v.starts_with(b"\"")).map_or(Shape::Hollow(layer), |v| Shape::Text(v, layer))
}

fn data(value: Option<&[u8]>, layer: Layer) -> Shape<'_> {
    value.filter(|v| v.starts_with(b"\"")).map_or(Shape::Hollow(layer), |v| Shape::Data(v, layer))
}

fn inside_quotes(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

fn first(array: &[u8]) -> Option<&[u8]> {
    Elements::of(array).next()?.ok().map(|(_, element)| element)
}

fn is_empty(array: &[u8]) -> bool {
    Elements::of(array).next().is_none()
}

fn first_has(array: &[u8], key: &str) -> bool {
    first(array).is_some_and(|element| Members::find(element, key.as_bytes()).is_some())
}
