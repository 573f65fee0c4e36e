//! What a pack says of itself, in custom sections that every runtime passes over.

use super::{Options, PackError, fluent_bit};
use crate::sandbox::{LoadRequest, hex, sha256};
use oxpecker_engine::rule::RuleSet;
use serde::{Deserialize, Serialize};

/// The section with the manifest, as JSON.
pub(super) const SECTION: &str = "oxpecker.pack";
/// The section with the rules' tests, as JSON.
pub(super) const TESTS_SECTION: &str = "oxpecker.tests";
/// The version of both. In 1 a test had one event, its last, and cannot be judged as it was meant.
pub(super) const FORMAT: u32 = 2;

/// What is the same in every version.
#[derive(Deserialize)]
struct Head {
    format: u32,
    engine: String,
}

/// What a pack says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this manifest.
    pub format: u32,
    /// The pack's hash: over the module, the rules, the lists and the options.
    pub pack: String,
    /// The version of the engine.
    pub engine: String,
    /// SHA-256 of the module that the rules were put into.
    pub module_sha256: String,
    /// The rule files.
    pub files: Vec<File>,
    /// The rules in force.
    pub rules: Vec<RuleEntry>,
    /// How many rules are switched off.
    pub disabled: usize,
    /// Which function the configuration names.
    pub mode: Mode,
    /// The form of alerts.
    pub shape: Shape,
    /// Whether alerts are told again.
    pub updates: bool,
    /// What becomes of records where nothing can be detected.
    pub when_broken: WhenBroken,
    /// Tags with the types of their events, in the order in which they are asked.
    pub event_types: Vec<(String, String)>,
    /// What Fluent Bit must be set to.
    pub fluent_bit: Settings,
}

/// A rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name.
    pub name: String,
    /// SHA-256 of what it holds.
    pub sha256: String,
}

/// A rule in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleEntry {
    /// Its id.
    pub id: String,
    /// Its set.
    pub ruleset: String,
    /// The hash over what decides its verdicts.
    pub version: String,
    /// Its severity.
    pub severity: u8,
    /// How long its windows are.
    pub window_seconds: u64,
    /// How many events make an alert.
    pub threshold: u64,
    /// Whether it raises alerts, or is only counted.
    pub shadow: bool,
}

/// What Fluent Bit must be set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The oldest version that works.
    pub minimum_version: String,
    /// `function_name`
    pub function_name: String,
    /// `event_format`
    pub event_format: String,
    /// `wasm_stack_size`, in bytes.
    pub wasm_stack_size: u64,
    /// `wasm_heap_size`, in bytes.
    pub wasm_heap_size: u64,
}

/// A test of a rule: events, and what the rule must make of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestEntry {
    /// The rule.
    pub rule: String,
    /// The test's name.
    pub name: String,
    /// `alert`, `nothing`, `suppressed` or `undecided`.
    pub expect: String,
    /// The events in order, as JSON texts. What is expected comes of the last; an alert counts that came on the way.
    pub events: Vec<String>,
}

/// Names of a choice, as the command line and the manifest write them.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

named! {
    /// What a pack does with records.
    Mode {
        /// Alerts in their place, nothing for those that raise none: on a copy of the stream.
        Alerts = "alerts",
        /// Records with a note of what matches: in the stream itself.
        Annotate = "annotate",
    }
}

named! {
    /// The form of an alert.
    Shape {
        /// The alert record.
        Alert = "alert",
        /// The Elastic Common Schema.
        Ecs = "ecs",
        /// The Open Cybersecurity Schema Framework.
        Ocsf = "ocsf",
    }
}

named! {
    /// What becomes of records where nothing can be detected.
    WhenBroken {
        /// They are dropped from a copy, and pass where they would be annotated.
        Default = "default",
        /// They pass.
        Pass = "pass",
        /// They are dropped.
        Drop = "drop",
    }
}

impl Mode {
    /// The function that does it.
    #[must_use]
    pub fn function(self) -> &'static str {
        match self {
            Mode::Alerts => "oxpecker_filter",
            Mode::Annotate => "oxpecker_annotate",
        }
    }
}

impl Manifest {
    pub(super) fn new(request: &LoadRequest, set: &RuleSet, options: &Options, pack: String, module: String) -> Self {
        let file = |document: &crate::sandbox::Document| File {
            name: document.name.clone(),
            sha256: hex(&sha256(document.text.as_bytes())),
        };
        let own = set.event_types.iter().map(|(tag, kind)| (tag.to_owned(), kind.to_owned()));
        Self {
            format: FORMAT,
            pack,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            module_sha256: module,
            files: request.documents.iter().map(file).collect(),
            rules: rules(set),
            disabled: set.disabled.len(),
            mode: options.mode,
            shape: options.shape,
            updates: options.updates,
            when_broken: options.when_broken,
            event_types: options.event_types.iter().cloned().chain(own).collect(),
            fluent_bit: fluent_bit::settings(options.mode),
        }
    }

    /// One of no rules, to print configurations with.
    #[must_use]
    pub fn example(mode: Mode) -> Self {
        let options = Options { mode, ..Options::default() };
        Self::new(&LoadRequest::default(), &RuleSet::default(), &options, String::new(), String::new())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Strings and numbers: there is nothing that could not be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, PackError> {
        let unreadable = |error| PackError::Broken(format!("its manifest cannot be read: {error}"));
        let Head { format, engine } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if format > FORMAT {
            return Err(PackError::Newer { engine, format });
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }
}

fn rules(set: &RuleSet) -> Vec<RuleEntry> {
    let entry = |collected: &oxpecker_engine::rule::Collected| RuleEntry {
        id: collected.rule.id.clone(),
        ruleset: collected.ruleset.clone(),
        version: collected.rule.version.clone(),
        severity: collected.rule.severity,
        window_seconds: collected.rule.window,
        threshold: collected.rule.threshold,
        shadow: collected.rule.status == oxpecker_engine::rule::Status::Shadow,
    };
    set.rules.iter().map(entry).collect()
}

/// The tests of rules that raise alerts.
pub(super) fn tests(set: &RuleSet) -> Vec<u8> {
    let live = set.rules.iter().filter(|collected| collected.rule.status == oxpecker_engine::rule::Status::Live);
    let entries: Vec<TestEntry> = live
        .flat_map(|collected| {
            collected.rule.tests.iter().map(|test| TestEntry {
                rule: collected.rule.id.clone(),
                name: test.name.clone(),
                expect: test.expect.as_str().to_owned(),
                events: test.events.clone(),
            })
        })
        .collect();
    serde_json::to_vec(&entries).unwrap_or_default()
}

pub(super) fn read_tests(bytes: &[u8]) -> Result<Vec<TestEntry>, PackError> {
    serde_json::from_slice(bytes).map_err(|error| PackError::Broken(format!("its tests cannot be read: {error}")))
}
