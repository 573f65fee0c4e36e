//! Rules as pages to read: what an alert means, why it matters, what to check. One page a rule, three indexes, and the
//! techniques as a layer of the ATT&CK Navigator. Text out; nothing here opens a file.
//!
//! Pages hold no date, no version and no line number: they change where a rule changes, and nowhere else.

mod attack;
mod index;
mod layer;
mod markdown;
mod page;
mod words;

use crate::render::safe_lines;
use oxpecker_engine::rule::{Collected, RuleSet};
use std::path::Path;

/// A rule file, as pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// Its path, or what stands for one.
    pub name: String,
    /// Where a page's link to it leads, where it can.
    pub link: Option<String>,
}

/// A file to write: a page, an index or the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its name in the folder.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// What stands in the first lines of every file made here.
const MARK: &str = "Made by `oxpecker rules --pages` from the rule files";

/// The name of the layer. Indexes have names in capitals, which no rule's id has.
const LAYER: &str = "attack-layer.json";

/// Whether a file's text was made here, so that it may be written over or removed.
#[must_use]
pub fn is_made(text: &str) -> bool {
    text.lines().take(2).any(|line| line.contains(MARK))
}

/// Whether files of this name are made here.
#[must_use]
pub fn is_page_name(name: &str) -> bool {
    name == LAYER || name.ends_with(".md")
}

/// All pages of a rule set, in the order of their names; `files` are its sources.
#[must_use]
pub fn pages(set: &RuleSet, files: &[RuleFile]) -> Vec<Page> {
    let entry = |off| move |collected| Entry::new(collected, off, files);
    let on = set.rules.iter().map(entry(false));
    let mut entries: Vec<Entry<'_>> = on.chain(set.disabled.iter().map(entry(true))).collect();
    entries.sort_by(|left, right| left.order().cmp(&right.order()));
    let page = |name: &str, text: &str| Page {
        name: name.to_owned(),
        text: safe_lines(&format!("<!-- {MARK}: change those, not this page. -->\n{text}")).into_owned(),
    };
    let mut pages: Vec<Page> = entries.iter().map(|entry| page(&entry.page(), &page::text(entry, files))).collect();
    pages.push(page("README.md", &index::by_group(&entries)));
    pages.push(page("SEVERITY.md", &index::by_severity(&entries)));
    pages.push(page("TECHNIQUES.md", &index::by_technique(&entries)));
    pages.push(Page { name: LAYER.to_owned(), text: layer::text(&entries) });
    pages.sort_by(|left, right| left.name.cmp(&right.name));
    pages
}

/// A rule with what pages say of its place.
struct Entry<'s> {
    collected: &'s Collected,
    /// Whether it is switched off.
    off: bool,
    file: Option<&'s RuleFile>,
    /// The folder of its file, and its service, or without one the theme that its file is about.
    group: (String, String),
    techniques: Vec<attack::Technique>,
}

impl<'s> Entry<'s> {
    fn new(collected: &'s Collected, off: bool, files: &'s [RuleFile]) -> Self {
        let file = files.get(collected.source);
        let path = Path::new(file.map_or("", |file| file.name.as_str()));
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let folder = text(path.parent().and_then(Path::file_name)).unwrap_or_else(|| "rules".to_owned());
        let service = collected.rule.tags.iter().find_map(|tag| tag.strip_prefix("service.")).map(str::to_owned);
        let theme = service.or_else(|| text(path.file_stem())).unwrap_or_else(|| collected.ruleset.clone());
        Self { collected, off, file, group: (folder, theme), techniques: attack::of(&collected.rule.tags) }
    }

    /// The name of its page.
    fn page(&self) -> String {
        format!("{}.md", self.collected.rule.id)
    }

    /// Groups by their names, in each what is more severe first, then by id.
    fn order(&self) -> (&(String, String), u8, &str) {
        (&self.group, self.collected.rule.severity, &self.collected.rule.id)
    }
}

#[cfg(test)]
mod tests;
