//! Standard output and standard error: what may go where.

use clap::ValueEnum;
use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

/// How a command whose output is a report prints it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Text,
    Json,
}

/// Standard output, buffered; flushed by [`finish`], so that a closed pipe shows as an error there.
pub(crate) fn stdout() -> BufWriter<Stdout> {
    BufWriter::with_capacity(64 << 10, Stdout(io::stdout().lock()))
}

/// Standard output, whose errors say that they are its: on a full disk "no space left" alone names no file.
pub(crate) struct Stdout(StdoutLock<'static>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| of_stdout(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|error| of_stdout(&error))
    }
}

/// The kind stays: a closed pipe is known by it, and an interrupted call is tried again.
fn of_stdout(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))
}

/// Writes out what is buffered.
pub(crate) fn finish(mut out: BufWriter<Stdout>) -> io::Result<()> {
    out.flush()
}

/// Whether people read standard output directly.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether people read standard error directly.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// JSON as it is printed: byte for byte, but on a terminal what would steer it is written as JSON escapes.
pub(crate) fn json(text: &[u8]) -> Cow<'_, [u8]> {
    if !stdout_is_terminal() {
        return Cow::Borrowed(text);
    }
    match std::str::from_utf8(text).map(oxpecker::render::safe_json) {
        Ok(Cow::Owned(safe)) => Cow::Owned(safe.into_bytes()),
        _ => Cow::Borrowed(text),
    }
}

/// Whether colours are wanted on standard output. <https://no-color.org>
pub(crate) fn colour_on_stdout() -> bool {
    stdout_is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether colours are wanted on standard error.
pub(crate) fn colour_on_stderr() -> bool {
    stderr_is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether the reader of standard output sees more than ASCII: a terminal whose locale is UTF-8.
pub(crate) fn unicode_on_stdout() -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(std::env::var_os);
    let locale = named.map(|value| value.to_string_lossy().to_ascii_lowercase()).find(|value| !value.is_empty());
    stdout_is_terminal() && locale.is_some_and(|locale| locale.contains("utf-8") || locale.contains("utf8"))
}

/// A line for people on standard error. That it cannot be written is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// An error for people on standard error.
pub(crate) fn complain(message: &str) {
    let label = if colour_on_stderr() { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
    say(&format!("{label} {}", oxpecker::render::safe_lines(message)));
}
