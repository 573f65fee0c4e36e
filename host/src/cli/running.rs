//! The rules of a run over events, read once where nothing is wrong with them.
//!
//! The engine that runs them finds all that is wrong with them too, so they are read here only where it has found
//! something: to show it in the files' text, and to run the rest.

use super::input::InputArgs;
use super::loaded::Loaded;
use super::rules::{self, RuleFile};
use super::windows::{self, Started};
use anyhow::{Result, bail};
use oxpecker::intake::Input;
use oxpecker::lists::ListFiles;
use oxpecker::pipeline::{Backend, Settings};
use oxpecker::sandbox::{LoadRequest, SandboxError};
use oxpecker_engine::rule::{Limits, Rule};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Rule files, lists, and the request to load them.
pub(crate) struct Rules {
    files: Vec<RuleFile>,
    lists: ListFiles,
    request: LoadRequest,
}

/// Ids and versions of rules in force.
pub(crate) type InForce = BTreeSet<(String, String)>;

impl Rules {
    /// Reads the files under `paths`, and the lists of `input`.
    pub(crate) fn read(paths: &[PathBuf], input: &InputArgs) -> Result<Self> {
        let files = rules::read_to_run(paths)?;
        let lists = input.lists.read()?;
        let request = rules::load_request(files.clone(), &lists, input.event_type.clone());
        Ok(Self { files, lists, request })
    }

    /// Has what evaluating costs counted, rule by rule.
    pub(crate) fn profile(&mut self) {
        self.request.options.insert("profile".into(), true.into());
    }

    /// Starts reading and evaluating with all of these rules, or, if some have errors, with the others after those are
    /// shown. The number is how many errors there are.
    pub(crate) fn start(
        &self,
        backend: &Backend,
        inputs: &[Input],
        settings: &Settings,
        now: i64,
    ) -> Result<(Started, u64)> {
        let run = |request: &LoadRequest| windows::start(backend, request, inputs.to_vec(), settings.clone(), now);
        // A file that is no text is in no request: nobody else would tell of it.
        if self.request.documents.len() == self.files.len() {
            match run(&self.request) {
                Ok(started) if started.1.rules > 0 => return Ok((started, 0)),
                Err(error) if !is_about_rules(&error) => return Err(error),
                _ => {}
            }
        }
        let loaded = self.loaded();
        let broken = loaded.show_errors() as u64;
        if loaded.set.rules.is_empty() {
            let names: Vec<&str> = loaded.files.iter().map(|file| file.name.as_str()).collect();
            bail!("there are no rules to run in {}", names.join(", "));
        }
        drop(loaded);
        let mut request = self.request.clone();
        if broken > 0 {
            request.options.insert("lenient".into(), true.into());
        }
        Ok((run(&request)?, broken))
    }

    /// Ids and versions of the rules in force.
    pub(crate) fn in_force(&self) -> InForce {
        let version = |rule: &Rule| (rule.id.clone(), rule.version.clone());
        self.loaded().set.rules.iter().map(|collected| version(&collected.rule)).collect()
    }

    /// The rules, read here.
    pub(crate) fn loaded(&self) -> Loaded {
        Loaded::new(self.files.clone(), self.lists.values(), &Limits::default())
    }
}

fn is_about_rules(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<SandboxError>(), Some(SandboxError::Rules(_)))
}
