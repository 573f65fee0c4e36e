//! Detection rules over log events, pure: bytes in, values out. No file, clock, thread or network, and no WebAssembly.
//!
//! Five nouns carry it:
//!
//! - an **event** is a JSON object, such as an AWS CloudTrail record ([`event`]);
//! - a **filter** says which events are meant, in a small language ([`language`]);
//! - a **rule** is a filter with a title, a severity, a window and suppressions ([`rule`]);
//! - a **detection** is one event that one rule matched ([`detection`]);
//! - an **alert** is what a window of detections is told as ([`window`], [`alert`]).
//!
//! ```
//! use oxpecker_engine::{Engine, Request};
//!
//! let rules = r#"
//! ruleset: demo
//! rules:
//!   - id: session-started
//!     name: Session started
//!     title: "{{user}} opened a session on {{requestParameters.target}}"
//!     type: CloudTrail
//!     severity: 3
//!     description: Someone opened a shell on an instance.
//!     filter: eventSource = "ssm.amazonaws.com" and eventName = "StartSession"
//!     aggregate: [user, requestParameters.target]
//! "#;
//! let request = Request { documents: vec![("demo.yaml".into(), rules.into())], ..Request::default() };
//! let (mut engine, report) = Engine::load(&request).expect("the rules are sound");
//! assert_eq!(report.rule_ids, ["session-started"]);
//!
//! let event = br#"{"eventVersion":"1.08","eventSource":"ssm.amazonaws.com","eventName":"StartSession",
//!   "eventTime":"2026-01-31T12:00:00Z","userIdentity":{"type":"IAMUser","userName":"ada"},
//!   "requestParameters":{"target":"i-0abc"}}"#;
//! let mut detections = Vec::new();
//! engine.detect(event, &mut detections).expect("it is an event");
//! let mut alerts = Vec::new();
//! detections.into_iter().for_each(|detection| engine.observe(detection, &mut alerts));
//! assert_eq!(alerts[0].get("title").and_then(|title| title.as_text()), Some("ada opened a session on i-0abc"));
//! ```
//!
//! Behind [`matcher`] stands whoever evaluates: the [`mod@reference`] evaluator, which is also the oracle of every other.

#![deny(unsafe_code)]

pub mod alert;
pub mod detection;
mod engine;
pub mod event;
pub mod explain;
mod flat;
pub mod json;
pub mod language;
pub mod lists;
pub mod matcher;
pub mod msgpack;
pub mod pattern;
mod plan;
pub mod problem;
pub mod redaction;
pub mod reference;
pub mod rule;
mod scan;
mod span;
pub mod trial;
pub mod window;

pub use engine::{ColumnStats, Engine, Report, ReportedProblem, Request, Stats};
pub use flat::same as same_bytes;
pub use plan::{PredicateProfile, Profile, RuleProfile, Work};
pub use scan::Width;
pub use span::Span;
