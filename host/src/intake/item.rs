//! What the intake hands out: events, and by name everything that is no event.

use std::fmt;
use std::ops::ControlFlow;

/// What the receiver of items answers: go on, or stop reading.
pub type Flow = ControlFlow<()>;

/// One unit of input. Every unit is exactly one of the three, so that `in = events + rejected + skipped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// One JSON object to evaluate. It looks like one from outside; whether it is valid JSON all through is the
    /// engine's to say.
    Event {
        /// The event's bytes. Of one line: byte for byte as it came. Of several: without the line breaks between tokens.
        bytes: &'a [u8],
        /// Where it begins.
        at: Place,
    },
    /// Text that should have been an event and cannot be one.
    Rejected {
        /// Where it begins.
        at: Place,
        /// Why.
        reason: Reason,
        /// The beginning of the text, raw: may hold anything, control characters included.
        excerpt: &'a [u8],
    },
    /// Something well known that is no event.
    Skipped {
        /// Where it begins.
        at: Place,
        /// What it is.
        kind: Skip,
    },
}

/// A position in the (decompressed) input. What comes out of an encoded envelope is at the envelope's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: u64,
    /// The byte, counted from 0.
    pub offset: u64,
}

/// Why a text was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// `{"a":1,` and nothing more: the input ends inside.
    #[error("the input ends inside this object")]
    Cut,
    /// `{"a" 1}`, `{"a":"x⏎`: not JSON from some byte on.
    #[error("not valid JSON: breaks off {0} bytes in")]
    Broken(u64),
    /// `hello`: no JSON object begins here.
    #[error("not a JSON object")]
    NotAnObject,
    /// Binary data where lines were expected.
    #[error("binary data")]
    Binary,
    /// An object longer than the limit.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A whole input of a kind that holds no readable events.
    #[error("{0}")]
    Unreadable(FileKind),
    /// An envelope whose inside does not hold what it should.
    #[error("{layer}: {fault}")]
    Inside {
        /// The layer that could not be opened.
        layer: Layer,
        /// What is wrong with it.
        fault: Fault,
    },
}

impl Reason {
    /// The reason's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Broken(_) => "invalid-json",
            Self::NotAnObject => "not-an-object",
            Self::Binary => "binary",
            Self::TooLarge { .. } => "too-large",
            Self::Unreadable(_) => "unreadable",
            Self::Inside { .. } => "bad-envelope",
        }
    }
}

/// What is wrong inside an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is no valid base64.
    #[error("not valid base64")]
    Base64,
    /// The data does not decompress.
    #[error("cut or corrupt gzip data")]
    Gzip,
    /// The JSON string cannot be decoded.
    #[error("not a valid JSON string")]
    Text,
    /// The decoded text holds no JSON object.
    #[error("the text inside is not a JSON object")]
    NotAnObject,
    /// The decoded text begins as JSON and is none.
    #[error("the text inside is not valid JSON")]
    NotJson,
    /// The part that should hold the event is missing or of another type.
    #[error("the part that holds the event is missing")]
    Missing,
    /// More data than the limits allow.
    #[error("unpacks to more than the limit")]
    TooLarge,
    /// Envelopes in envelopes, deeper than the limit.
    #[error("too many envelopes inside each other")]
    TooDeep,
}

/// A layer of wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Amazon EventBridge: `detail`.
    EventBridge,
    /// CloudWatch Logs subscription: `logEvents[].message`.
    CloudWatchLogs,
    /// Lambda's CloudWatch Logs trigger: `awslogs.data`.
    AwsLogs,
    /// Data Firehose: `records[].data`.
    Firehose,
    /// Kinesis: `Records[].kinesis.data`, `Records[].Data`.
    Kinesis,
    /// SNS: `Message`.
    Sns,
    /// SQS: `Body`, `body`.
    Sqs,
    /// CloudTrail `lookup-events`: `CloudTrailEvent`.
    LookupEvents,
    /// `Records` of an AWS delivery.
    Records,
    /// Kubernetes `EventList`: `items`.
    EventList,
    /// A shipper's record: `log` or `message`.
    LogText,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventBridge => "EventBridge detail",
            Self::CloudWatchLogs => "CloudWatch Logs message",
            Self::AwsLogs => "awslogs data",
            Self::Firehose => "Firehose data",
            Self::Kinesis => "Kinesis data",
            Self::Sns => "SNS message",
            Self::Sqs => "SQS body",
            Self::LookupEvents => "CloudTrailEvent",
            Self::Records => "Records",
            Self::EventList => "EventList items",
            Self::LogText => "log text",
        })
    }
}

/// Things that are known and are no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// A control message of CloudWatch Logs, or an SNS subscription message.
    ControlMessage,
    /// A notification that an object changed in S3, or S3's test of one.
    S3Notification,
    /// CloudTrail's notice that it delivered a log file.
    DeliveryNotice,
    /// A CloudTrail digest file.
    Digest,
    /// A whole input of a kind that is known and holds no events for us.
    File(FileKind),
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlMessage => f.write_str("control message"),
            Self::S3Notification => f.write_str("S3 notification"),
            Self::DeliveryNotice => f.write_str("CloudTrail delivery notice"),
            Self::Digest => f.write_str("CloudTrail digest"),
            Self::File(kind) => kind.fmt(f),
        }
    }
}

/// Kinds of whole inputs, known by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// `PAR1`.
    Parquet,
    /// `ORC`.
    Orc,
    /// `Obj\x01`.
    Avro,
    /// An S3 server access log.
    S3AccessLog,
    /// A tar archive.
    Tar,
    /// A zip archive.
    Zip,
    /// bzip2 or xz.
    OtherCompression,
    /// Text in UTF-16 or UTF-32.
    Utf16,
    /// Any other binary data.
    Binary,
}

impl FileKind {
    /// Whether the kind is a known neighbour of events (skipped), and not a failure to read (rejected).
    pub fn is_skipped(self) -> bool {
        matches!(self, Self::Parquet | Self::Orc | Self::Avro | Self::S3AccessLog)
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet => "Parquet file",
            Self::Orc => "ORC file",
            Self::Avro => "Avro file",
            Self::S3AccessLog => "S3 server access log",
            Self::Tar => "tar archive: unpack it first",
            Self::Zip => "zip archive: unpack it first",
            Self::OtherCompression => "bzip2 or xz data: only gzip and zstd are read",
            Self::Utf16 => "UTF-16 text: only UTF-8 is read",
            Self::Binary => "binary file",
        })
    }
}

/// How many items of each kind were handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Events.
    pub events: u64,
    /// Rejected texts.
    pub rejected: u64,
    /// Known things that are no events.
    pub skipped: u64,
}
