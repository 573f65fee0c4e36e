//! A configuration of Fluent Bit, whichever syntax it is written in.

use oxpecker_engine::rule::TagTypes;

/// The sections of a configuration, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The sections.
    pub sections: Vec<Section>,
    /// Lines that include other files.
    pub includes: Vec<usize>,
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The process.
    Service,
    /// Where records come from.
    Input,
    /// What is done to them.
    Filter,
    /// Where they go.
    Output,
    /// What is done to them inside an input or an output.
    Processor,
    /// Anything else.
    Other,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it is about.
    pub kind: Kind,
    /// Its line, from 1.
    pub line: usize,
    /// Its properties, in order.
    pub properties: Vec<Property>,
}

/// A property of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name, in small letters.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its line, from 1.
    pub line: usize,
}

impl Config {
    /// The sections of a kind, of a plugin if one is named.
    pub fn of<'c>(&'c self, kind: Kind, plugin: &'c str) -> impl Iterator<Item = &'c Section> {
        self.sections.iter().filter(move |section| section.kind == kind && (plugin.is_empty() || section.is(plugin)))
    }
}

impl Section {
    /// A property's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.property(name).map(|property| property.value.as_str())
    }

    /// A property; of several the last, which counts.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().rev().find(|property| property.name == name)
    }

    /// All properties of a name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    /// The line of a property, or of the section.
    #[must_use]
    pub fn line_of(&self, name: &str) -> usize {
        self.property(name).map_or(self.line, |property| property.line)
    }

    /// Whether it is of this plugin.
    #[must_use]
    pub fn is(&self, plugin: &str) -> bool {
        self.get("name").is_some_and(|name| name.eq_ignore_ascii_case(plugin))
    }

    /// Whether a property is switched on.
    #[must_use]
    pub fn on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| ["on", "true", "yes"].iter().any(|on| value.eq_ignore_ascii_case(on)))
    }

    /// Whether it takes records of a tag; `None` where a regular expression decides.
    #[must_use]
    pub fn takes(&self, tag: &str) -> Option<bool> {
        match self.get("match") {
            Some(pattern) => Some(matches(pattern, tag)),
            None if self.get("match_regex").is_some() => None,
            None => Some(false),
        }
    }
}

/// Whether a tag has the form of a pattern.
pub(super) fn matches(pattern: &str, tag: &str) -> bool {
    let mut types = TagTypes::new();
    types.push(pattern, "");
    types.of(tag).is_some()
}

/// A size as Fluent Bit reads it: `8MB`, `256k`, `1048576`.
pub(super) fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)?.to_ascii_lowercase().trim_end_matches('b') {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}
