//! What can go wrong between host and guest. The guest's own words never appear in a message: it is not trusted.

use std::fmt;
use std::time::Duration;

use super::request::LoadReport;

/// Why the sandbox could not give an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The program was built before the module was.
    #[error("this build carries no oxpecker.wasm: run `make build`")]
    NotEmbedded,
    /// wasmtime cannot work on this machine, or a thread could not be started.
    #[error("the WebAssembly engine does not start: {detail}")]
    Engine {
        /// The cause, in the engine's words.
        detail: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The bytes are no WebAssembly module, or one that needs what is not offered.
    #[error("not a module that can run here: {detail}")]
    Module {
        /// The cause, in the compiler's words.
        detail: String,
    },
    /// The module asks for something from outside. The sandbox offers nothing.
    #[error("the module has imports, and may have none")]
    Imports,
    /// An export of the ABI is absent or of another type.
    #[error("the module has no export `{name}` of the expected type")]
    MissingExport {
        /// Its name.
        name: &'static str,
    },
    /// The module speaks another version of the ABI.
    #[error("the module speaks version {found} of the ABI, this program version {expected}", expected = super::ABI_VERSION)]
    AbiVersion {
        /// What the module said.
        found: i32,
    },
    /// The guest broke off.
    #[error("the module trapped in {during}: {cause}")]
    Trap {
        /// The export that was called.
        during: &'static str,
        /// Kind of trap.
        cause: String,
    },
    /// The guest did not end in time.
    #[error("the module did not end {during} within {limit:?}")]
    Deadline {
        /// The export that was called.
        during: &'static str,
        /// The time it had.
        limit: Duration,
    },
    /// The guest failed after it was refused memory.
    #[error("the module needed more than {limit} bytes of memory in {during}")]
    Memory {
        /// The export that was called.
        during: &'static str,
        /// The memory it may have.
        limit: usize,
    },
    /// What was detected could not be had again.
    #[error("cannot read a temporary file: {0}")]
    Spool(std::io::Error),
    /// The guest has no room for the input.
    #[error("the module has no room for {bytes} bytes in {during}")]
    NoRoom {
        /// The export that was to be called.
        during: &'static str,
        /// Length of the input.
        bytes: usize,
    },
    /// The guest gave an error value.
    #[error("the module refused {during}: {status}")]
    Refused {
        /// The export that was called.
        during: &'static str,
        /// The error value.
        status: Status,
    },
    /// The guest's answer contradicts the ABI or itself.
    #[error("the module's answer to {during} makes no sense: {what}")]
    Nonsense {
        /// The export that was called.
        during: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The rules have errors; nothing was loaded, and what was loaded before still is.
    #[error("the rules have {}", counted(.0))]
    Rules(Box<LoadReport>),
    /// An event or a tag does not fit into the ABI's length fields.
    #[error("{bytes} bytes are more than a batch can carry")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The instance broke earlier and must not be called again.
    #[error("this instance has failed before")]
    Dead,
    /// Instances fail whatever they are given.
    #[error("the module keeps failing ({why}); last failure: {last}")]
    GivenUp {
        /// Which bound was reached.
        why: &'static str,
        /// The last failure.
        last: Box<SandboxError>,
    },
}

fn counted(report: &LoadReport) -> String {
    match report.errors().count() {
        1 => "1 error".to_owned(),
        errors => format!("{errors} errors"),
    }
}

impl SandboxError {
    /// A copy for a second reader: the cause of an I/O error cannot be cloned, so its text stands in.
    pub(crate) fn duplicate(&self) -> Self {
        match self {
            SandboxError::Deadline { during, limit } => SandboxError::Deadline { during, limit: *limit },
            SandboxError::Memory { during, limit } => SandboxError::Memory { during, limit: *limit },
            SandboxError::NoRoom { during, bytes } => SandboxError::NoRoom { during, bytes: *bytes },
            SandboxError::Refused { during, status } => SandboxError::Refused { during, status: *status },
            SandboxError::Nonsense { during, what } => SandboxError::Nonsense { during, what },
            SandboxError::Trap { during, cause } => SandboxError::Trap { during, cause: cause.clone() },
            other => SandboxError::Engine { detail: other.to_string() },
        }
    }

    /// Whether it was time that ran out, at the root.
    pub fn is_deadline(&self) -> bool {
        match self {
            SandboxError::Deadline { .. } => true,
            SandboxError::GivenUp { last, .. } => last.is_deadline(),
            _ => false,
        }
    }
}

/// The error values of ABI v1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// -1
    BadRange,
    /// -2
    BadFraming,
    /// -3
    NothingLoaded,
    /// -4
    BadRequest,
    /// -5
    RuleErrors,
    /// -6
    TooLarge,
    /// -7
    Internal,
    /// -8
    BadState,
}

impl Status {
    pub(crate) fn from_raw(raw: i32) -> Option<Self> {
        Some(match raw {
            -1 => Status::BadRange,
            -2 => Status::BadFraming,
            -3 => Status::NothingLoaded,
            -4 => Status::BadRequest,
            -5 => Status::RuleErrors,
            -6 => Status::TooLarge,
            -7 => Status::Internal,
            -8 => Status::BadState,
            _ => return None,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::BadRange => "the input lies outside a live block",
            Status::BadFraming => "the batch is badly framed",
            Status::NothingLoaded => "no rules are loaded",
            Status::BadRequest => "the request has another shape",
            Status::RuleErrors => "the rules have errors",
            Status::TooLarge => "the input is too large",
            Status::Internal => "internal fault",
            Status::BadState => "the state was written by another version, or is not whole",
        })
    }
}
