//! What a rule says of itself, in our terms: severity, labels, and where it is from.

use super::document::About;
use super::logsource::LogSource;
use crate::import::draft::Draft;

/// Sigma's levels as severities.
const LEVELS: [(&str, u8); 5] = [("critical", 1), ("high", 1), ("medium", 2), ("low", 3), ("informational", 3)];

/// The severity of a level; 2 where there is none, with a note.
pub(super) fn severity(about: &About, notes: &mut Vec<String>) -> u8 {
    let level = about.level.as_deref().unwrap_or_default();
    match LEVELS.iter().find(|(name, _)| *name == level) {
        Some((_, severity)) => *severity,
        None if level.is_empty() => {
            notes.push("it has no level: severity 2".to_owned());
            2
        }
        None => {
            notes.push(format!("`{level}` is no level of Sigma's: severity 2"));
            2
        }
    }
}

/// What a document is called.
pub(super) fn name(about: &About) -> String {
    let name = [Some(about.title.as_str()), about.name.as_deref(), about.id.as_deref()];
    let name = name.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or("rule without a title");
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts what a rule says of itself into a draft.
pub(super) fn describe(draft: &mut Draft, about: &About, source: Option<&LogSource>, notes: &mut Vec<String>) {
    let description = about.description.as_deref().unwrap_or(&about.title).trim_end();
    // Its licence asks that messages name who wrote a rule.
    draft.description = match origin(about) {
        Some(origin) => format!("{description}\n{origin}"),
        None => description.to_owned(),
    };
    if draft.description.trim().is_empty() {
        draft.description = draft.name.clone();
    }
    draft.tags = about.tags.clone();
    draft.references = about.references.clone();
    draft.benign.clone_from(&about.benign);
    draft.benign.retain(|cause| !cause.eq_ignore_ascii_case("unknown") && !cause.eq_ignore_ascii_case("none"));
    let labels = [
        ("level", about.level.clone()),
        ("status", about.status.clone()),
        ("logsource", source.map(LogSource::name)),
        ("name", about.name.clone()),
    ];
    let label = |(kind, value): (&str, Option<String>)| value.map(|value| format!("Sigma {kind}:{value}"));
    draft.classifiers = labels.into_iter().filter_map(label).collect();
    if let Some(status @ ("deprecated" | "unsupported")) = about.status.as_deref() {
        notes.push(format!("its authors call it {status}"));
    }
}

/// Who wrote it and when, as a sentence.
fn origin(about: &About) -> Option<String> {
    let parts = [
        about.author.as_ref().map(|author| format!("by {author}")),
        about.date.as_ref().map(|date| format!("of {date}")),
        about.modified.as_ref().map(|date| format!("modified {date}")),
        about.license.as_ref().map(|license| format!("licence {license}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { None } else { Some(format!("Sigma rule {}.", parts.join(", "))) }
}
