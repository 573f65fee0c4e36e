//! Oxpecker as a library: detection rules over log events, in a sandbox.
//!
//! A [`Module`](sandbox::Module) is the engine's code, a [`Guard`](sandbox::Guard) runs it with rules, a
//! [`Batch`](sandbox::Batch) carries events in, and [`Alert`](alert::Alert)s come out.
//!
//! ```
//! use oxpecker::sandbox::{Batch, Document, Guard, Limits, LoadRequest, Module};
//!
//! let rules = r#"
//! ruleset: demo
//! rules:
//!   - id: trail-stopped
//!     name: Trail stopped
//!     title: "{{user}} stopped {{requestParameters.name}}"
//!     type: CloudTrail
//!     severity: 1
//!     description: Someone stopped the recording of AWS calls.
//!     filter: eventSource = "cloudtrail.amazonaws.com" and eventName = "StopLogging"
//! "#;
//! let document = Document { name: "demo.yaml".into(), text: rules.into() };
//! let request = LoadRequest { documents: vec![document], ..LoadRequest::default() };
//! let mut guard = Guard::new(&Module::shipped()?, Limits::default(), request)?;
//!
//! let mut batch = Batch::new();
//! batch.push(br#"{"eventVersion":"1.08","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",
//!   "eventTime":"2026-01-31T12:00:00Z","userIdentity":{"type":"IAMUser","userName":"eve"},
//!   "requestParameters":{"name":"main-trail"}}"#)?;
//! let outcome = guard.match_batch(&batch, i64::MIN)?;
//! let alerts = outcome.matches.alerts.read().expect("they were checked as they came");
//! assert_eq!(alerts[0].title, "eve stopped main-trail");
//! # Ok::<(), oxpecker::sandbox::SandboxError>(())
//! ```
//!
//! [`intake`] turns files, envelopes and compressed streams into single events; [`pipeline`] does the whole run, from
//! inputs to results in order, on several threads. [`pack`] puts rules into a module for log shippers.

pub mod alert;
pub mod doctor;
pub mod import;
pub mod intake;
pub mod lists;
pub mod pack;
pub mod pages;
pub mod pipeline;
pub mod render;
pub mod sandbox;
