//! Exit codes, all of them.

use super::out;
use anyhow::Error;
use oxpecker::sandbox::SandboxError;
use std::io;
use std::process::ExitCode;

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is so: exit code 0.
    Yes,
    /// It is not so: exit code 1.
    No,
    /// Someone pressed Ctrl-C: exit code 130.
    Interrupted,
}

const USAGE: u8 = 2;
const FAULT: u8 = 3;
const INTERRUPTED: u8 = 130;

impl Answer {
    /// Yes if `yes`.
    pub(crate) fn from_bool(yes: bool) -> Self {
        if yes { Answer::Yes } else { Answer::No }
    }
}

/// The exit code of a command; what went wrong is printed.
pub(crate) fn code(outcome: Result<Answer, Error>) -> ExitCode {
    let error = match outcome {
        Ok(Answer::Yes) => return ExitCode::SUCCESS,
        Ok(Answer::No) => return ExitCode::from(1),
        Ok(Answer::Interrupted) => return ExitCode::from(INTERRUPTED),
        // The reader has what it wanted, as in `oxpecker eval … | head -1`.
        Err(error) if is_closed_pipe(&error) => return ExitCode::SUCCESS,
        Err(error) => error,
    };
    refused(&error);
    out::complain(&format!("{error:#}"));
    ExitCode::from(if is_fault(&error) { FAULT } else { USAGE })
}

/// Tells the problems of rules that were refused when they were loaded. What reading them first finds is shown with its
/// lines; here is what only the one who loads them knows.
fn refused(error: &Error) {
    for cause in error.chain() {
        if let Some(SandboxError::Rules(report)) = cause.downcast_ref() {
            report.errors().for_each(|problem| out::complain(&problem.to_string()));
        }
    }
}

fn is_closed_pipe(error: &Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe))
}

/// Whether the fault is ours: the sandbox failed for another reason than what it was given.
fn is_fault(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<SandboxError>().is_some_and(|sandbox| !matches!(sandbox, SandboxError::Rules(_)))
    })
}
