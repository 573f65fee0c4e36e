//! What a rule's selections are read with: the names of its log source, and what they leave behind.

use super::logsource::Mapping;
use super::{Fields, SigmaOptions};
use crate::import::filter;
use oxpecker_engine::language::Expr;
use oxpecker_engine::language::expr::Key;
use std::collections::BTreeSet;

/// The reading of one rule.
pub(super) struct Context<'o> {
    mapping: &'static Mapping,
    options: &'o SigmaOptions,
    /// The selection is about a record of a system call, whose `a0` is a register and not an argument.
    pub(super) registers: bool,
    /// What should be known.
    pub(super) notes: BTreeSet<String>,
    /// Lists that the user has to fill.
    pub(super) lists: BTreeSet<String>,
}

impl<'o> Context<'o> {
    pub(super) fn new(mapping: &'static Mapping, options: &'o SigmaOptions) -> Self {
        let notes = if options.fields == Fields::Mapped { mapping.note } else { "" };
        let notes = if notes.is_empty() { BTreeSet::new() } else { BTreeSet::from([notes.to_owned()]) };
        Self { mapping, options, registers: false, notes, lists: BTreeSet::new() }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.insert(note.into());
    }

    /// What a field is called in the events.
    pub(super) fn name(&self, field: &str) -> String {
        self.mapped(field).unwrap_or(field).to_owned()
    }

    /// Whether a field is a register of a system call.
    pub(super) fn is_register(&self, field: &str) -> bool {
        self.registers && matches!(field.as_bytes(), [b'a', b'0'..=b'3'])
    }

    /// The key that the table names for a field.
    pub(super) fn mapped(&self, field: &str) -> Option<&'static str> {
        let key = self.mapping.key(field)?;
        (self.options.fields == Fields::Mapped && !self.is_register(field)).then_some(key)
    }

    pub(super) fn key(&mut self, field: &str) -> Key {
        let name = self.name(field);
        if self.options.fields == Fields::Mapped && self.mapping.renames() && self.mapped(field).is_none() {
            self.note(format!("no table names a key for the field `{field}`: it is asked for by this name"));
        }
        filter::key(&name)
    }

    /// What a field and a value ask together, where a table says so.
    pub(super) fn meaning(&self, field: &str, value: &str) -> Option<Expr> {
        if self.options.fields == Fields::Native {
            return None;
        }
        filter::parse(&self.mapping.meaning(field, value)?)
    }

    /// The keys in which a text of this field is looked for: itself, or members of what is an object in the events.
    pub(super) fn text_keys(&mut self, field: &str) -> Option<Vec<Key>> {
        let (_, members) = self.mapping.objects.iter().find(|(name, _)| *name == field)?;
        self.note(format!(
            "`{field}` is an object in the events: the text is looked for in {}, not in the rest of it",
            members
                .get(1..)
                .filter(|members| !members.is_empty())
                .map_or("none of its members".to_owned(), |m| m.join(", "))
        ));
        Some(members.iter().map(|member| filter::key(member)).collect())
    }

    /// The names under which producers hold a field for which the language has no key.
    pub(super) fn places(&self, field: &str) -> Option<Vec<Key>> {
        if self.options.fields == Fields::Native || self.mapped(field).is_some() {
            return None;
        }
        let (_, names) = self.mapping.places.iter().find(|(name, _)| *name == field)?;
        Some(names.iter().map(|name| filter::key(name)).collect())
    }

    /// Where keywords are looked for.
    pub(super) fn keyword_keys(&mut self) -> Result<Vec<Key>, String> {
        let own: Vec<&str> = self.options.keyword_keys.iter().map(String::as_str).collect();
        let keys = if own.is_empty() { self.mapping.keywords } else { own.as_slice() };
        if keys.is_empty() {
            return Err("keywords are looked for in the whole event, which a filter cannot do; \
                        name the keys that hold the text with --keyword-key"
                .to_owned());
        }
        self.note(format!("keywords are looked for in {}", keys.join(", ")));
        Ok(keys.iter().map(|key| filter::key(key)).collect())
    }

    /// The list that a placeholder stands for.
    pub(super) fn list(&mut self, placeholder: &str) -> Result<String, String> {
        if !oxpecker_engine::lists::is_name(placeholder) {
            return Err(format!("`%{placeholder}%` cannot be the name of a list"));
        }
        self.note(format!("fill in the list `{placeholder}`, in lower case: until then nothing is in it"));
        self.lists.insert(placeholder.to_owned());
        Ok(placeholder.to_owned())
    }

    /// The title of the alerts, with the values that the log source has for it.
    pub(super) fn title(&self, name: &str) -> Option<String> {
        let mut title = self.mapping.title.to_owned();
        if title.is_empty() || name.contains("{{") {
            return None;
        }
        for field in self.mapping.aggregate {
            title = title.replace(&format!("{{{field}}}"), &format!("{{{{{}}}}}", self.name(field)));
        }
        Some(format!("{name}{title}"))
    }

    /// The keys whose values make an alert unique.
    pub(super) fn aggregate(&self) -> Vec<String> {
        self.mapping.aggregate.iter().map(|field| self.name(field)).collect()
    }
}
