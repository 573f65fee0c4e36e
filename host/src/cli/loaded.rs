//! Rule files read natively, with all problems of each file: what the commands that are about rules work on.

use super::out;
use super::rules::RuleFile;
use oxpecker::render::diagnostics::{self, Source};
use oxpecker_engine::lists::Lists;
use oxpecker_engine::problem::Diagnostic;
use oxpecker_engine::rule::{self, Limits, ListValues, RuleSet};

/// Rule files, and what reading them gave.
pub(crate) struct Loaded {
    pub(crate) files: Vec<Read>,
    pub(crate) set: RuleSet,
}

/// A rule file that was read.
pub(crate) struct Read {
    pub(crate) name: String,
    /// The file's text, to show places in; empty where it is no text.
    pub(crate) text: String,
    /// Its problems in the order of their places.
    pub(crate) problems: Vec<Diagnostic>,
}

impl Loaded {
    /// Reads rule files together; `lists` go over those that they declare.
    pub(crate) fn new(files: Vec<RuleFile>, lists: ListValues, limits: &Limits) -> Self {
        let sources: Vec<rule::Source<'_>> =
            files.iter().map(|file| rule::Source { name: &file.name, bytes: &file.bytes }).collect();
        let (set, found) = rule::load(&sources, lists, limits);
        let text = |bytes| String::from_utf8(bytes).unwrap_or_default();
        let mut files: Vec<Read> = files
            .into_iter()
            .map(|file| Read { name: file.name, text: text(file.bytes), problems: Vec::new() })
            .collect();
        for problem in found {
            if let Some(file) = files.get_mut(problem.source) {
                file.problems.push(problem.diagnostic);
            }
        }
        let mut loaded = Self { files, set };
        loaded.sort();
        loaded
    }

    /// Shows the errors of all files on standard error; gives their number.
    pub(crate) fn show_errors(&self) -> usize {
        let mut shown = 0;
        for file in &self.files {
            let errors = file.errors();
            diagnostics::print(&file.name, &file.text, &errors, out::colour_on_stderr());
            shown += errors.len();
        }
        shown
    }

    /// Adds a problem of one file.
    pub(crate) fn add(&mut self, file: usize, problem: Diagnostic) {
        if let Some(file) = self.files.get_mut(file) {
            file.problems.push(problem);
        }
    }

    /// Puts the problems of each file into the order of their places.
    pub(crate) fn sort(&mut self) {
        for file in &mut self.files {
            file.problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        }
    }

    /// The lists that filters may use.
    pub(crate) fn lists(&self) -> Lists {
        self.set.lists.clone().into()
    }

    /// How many rules were read, those that are switched off included.
    pub(crate) fn rules(&self) -> usize {
        self.set.rules.len() + self.set.disabled.len()
    }
}

impl Read {
    /// The file as its problems are shown.
    pub(crate) fn source(&self) -> Source<'_> {
        Source { name: &self.name, text: &self.text, diagnostics: &self.problems }
    }

    /// The errors alone.
    pub(crate) fn errors(&self) -> Vec<Diagnostic> {
        self.problems.iter().filter(|problem| problem.is_error()).cloned().collect()
    }
}
