//! What Fluent Bit must be set to, and the configuration that does so: a copy of the stream is looked at, the stream itself
//! is not touched.
//!
//! `rewrite_tag` copies a record only if a key of it matches, so each source has a rule, and a mark that every record
//! gets for a moment catches those that no rule claims. The module counts them (`unclaimed` in its heartbeat). The mark is
//! named after the pack: a record that came with such a member would lose it.

use super::manifest::{Manifest, Mode, Settings};
use std::fmt::Write;

/// The tag of the records that tick.
pub const HEARTBEAT_TAG: &str = "oxpecker.heartbeat";
/// What stands before the tag of a copied record.
pub const COPY_PREFIX: &str = "oxpecker.copy.";
/// The oldest Fluent Bit that works: before it, instances were made anew or leaked.
pub const MINIMUM_VERSION: (u32, u32, u32) = (4, 2, 0);
/// The newest version of which it is known, and the format of compiled packs that it and all since the oldest load: those of
/// WAMR 2.4.1, which is in all of them.
pub const AOT_FORMAT: ((u32, u32, u32), u32) = ((5, 1, 1), 5);
/// `wasm_stack_size`: WAMR's stack of operands. 8 KiB, its default, is enough for everything that is tested; more costs
/// nothing and leaves room for rules and events that nobody has thought of.
pub const STACK: u64 = 64 << 10;
/// The stack that Fluent Bit gives without such a setting, or with a smaller one: `FLB_WASM_DEFAULT_STACK_SIZE`.
pub(crate) const USUAL_STACK: u64 = 8 << 10;
/// `wasm_heap_size`: its default, which is not used, since packs bring an allocator.
pub const HEAP: u64 = 8 << 10;

/// Which syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `[SECTION]` and `Key Value`
    Classic,
    /// YAML
    Yaml,
}

/// What the settings of a pack are.
pub(super) fn settings(mode: Mode) -> Settings {
    let (major, minor, patch) = MINIMUM_VERSION;
    Settings {
        minimum_version: format!("{major}.{minor}.{patch}"),
        function_name: mode.function().to_owned(),
        event_format: "json".to_owned(),
        wasm_stack_size: STACK,
        wasm_heap_size: HEAP,
    }
}

/// The sources whose records are told by a key: the key, a regular expression, and what they are.
const SOURCES: [(&str, &str, &str); 3] = [
    ("$eventVersion", r"^\d", "AWS CloudTrail"),
    ("$apiVersion", r"^audit\.k8s\.io/", "Kubernetes audit logs"),
    ("$log", "^", "lines that no parser took apart"),
];

/// The whole configuration for a pack in `file` that looks at records whose tags match `sources`.
#[must_use]
pub fn configuration(manifest: &Manifest, file: &str, sources: &str, format: Format) -> String {
    let values = [
        ("{file}", file.to_owned()),
        ("{sources}", sources.to_owned()),
        ("{sources_regex}", expression(sources)),
        ("{function}", manifest.fluent_bit.function_name.clone()),
        ("{version}", manifest.fluent_bit.minimum_version.clone()),
        ("{stack}", manifest.fluent_bit.wasm_stack_size.to_string()),
        ("{mark}", mark(manifest)),
        ("{pack}", short(manifest)),
        ("{rules}", manifest.rules.len().to_string()),
        ("{copies}", rules(format)),
        ("{heartbeat}", HEARTBEAT_TAG.to_owned()),
        ("{prefix}", COPY_PREFIX.to_owned()),
    ];
    let text = match (manifest.mode, format) {
        (Mode::Alerts, Format::Classic) => include_str!("../../../plugins/fluent-bit/alerts.conf"),
        (Mode::Alerts, Format::Yaml) => include_str!("../../../plugins/fluent-bit/alerts.yaml"),
        (Mode::Annotate, Format::Classic) => include_str!("../../../plugins/fluent-bit/annotate.conf"),
        (Mode::Annotate, Format::Yaml) => include_str!("../../../plugins/fluent-bit/annotate.yaml"),
    };
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// The first part of a pack's hash.
fn short(manifest: &Manifest) -> String {
    manifest.pack.chars().take(12).collect()
}

/// The member that every record has while it is copied.
pub(crate) fn mark(manifest: &Manifest) -> String {
    format!("__oxpecker_{}", short(manifest))
}

/// A pattern of tags as a regular expression.
fn expression(pattern: &str) -> String {
    let mut text = String::new();
    for c in pattern.chars() {
        match c {
            '*' => text.push_str(".*"),
            c if c.is_alphanumeric() || c == '_' || c == '-' => text.push(c),
            c => {
                text.push('\\');
                text.push(c);
            }
        }
    }
    text.push('$');
    text
}

/// The rules of the copying filter.
fn rules(format: Format) -> String {
    let mut text = String::new();
    for (key, expression, what) in SOURCES {
        // Writing to a String cannot fail.
        let _ = match format {
            Format::Classic => {
                writeln!(text, "    # {what}\n    Rule    {key}  {expression}  {COPY_PREFIX}$TAG  true")
            }
            Format::Yaml => writeln!(text, "        # {what}\n        - {key} {expression} {COPY_PREFIX}$TAG true"),
        };
    }
    text.trim_end().to_owned()
}

/// Whether a pattern of tags takes the copies of records too: a filter that copies would never end.
#[must_use]
pub fn takes_own_copies(pattern: &str) -> bool {
    let mut types = oxpecker_engine::rule::TagTypes::new();
    types.push(pattern, "");
    types.of(&format!("{COPY_PREFIX}x")).is_some()
}
