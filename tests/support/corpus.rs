//! The conformance corpus as values: `tests/conformance/*.txt`, in the format that its README describes.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot read its data has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// A paragraph of the corpus.
#[derive(Debug, Default)]
pub(crate) struct Paragraph {
    /// File and line, for messages.
    pub(crate) place: String,
    /// What it shows.
    pub(crate) why: String,
    /// The filter.
    pub(crate) filter: String,
    /// The lists, as the JSON text of an object.
    pub(crate) lists: Option<String>,
    /// The type of events that the operator sets.
    pub(crate) event_type: Option<String>,
    /// Events with what must come of them.
    pub(crate) events: Vec<(Expected, Vec<u8>)>,
    /// Codes of all problems, with the text under the span where it is given.
    pub(crate) problems: Vec<(String, Option<String>)>,
    /// The canonical form.
    pub(crate) canonical: Option<String>,
}

/// What must come of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    Yes,
    No,
    Undecided,
    Reject(String),
}

impl Paragraph {
    /// How many cases it is.
    pub(crate) fn cases(&self) -> usize {
        self.events.len() + usize::from(!self.problems.is_empty()) + usize::from(self.canonical.is_some())
    }
}

/// The folder of the corpus, from any crate of the workspace.
fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|folder| folder.join("tests/conformance")).find(|folder| folder.is_dir());
    found.expect("tests/conformance is in the repository")
}

/// The whole corpus, in the order of the files' names.
pub(crate) fn read() -> Vec<Paragraph> {
    let entries = fs::read_dir(folder()).expect("the corpus can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(files.len() >= 30, "only {} files of the corpus are here", files.len());
    files.iter().flat_map(|file| paragraphs(file)).collect()
}

fn paragraphs(file: &Path) -> Vec<Paragraph> {
    let text = fs::read_to_string(file).expect("the corpus is UTF-8");
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    let mut all: Vec<Paragraph> = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut start = 0;
    for (number, line) in text.split('\n').chain([""]).enumerate() {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            if !fields.is_empty() {
                all.push(paragraph(format!("{name}:{start}"), std::mem::take(&mut fields)));
            }
        } else if line.starts_with([' ', '\t']) {
            let (_, value) = fields.last_mut().expect("a line to continue");
            value.push('\n');
            value.push_str(line);
        } else {
            if fields.is_empty() {
                start = number + 1;
            }
            let (field, value) = line.split_once(':').unwrap_or_else(|| panic!("{name}:{}: no field", number + 1));
            fields.push((field.to_owned(), value.trim_matches([' ', '\t', '\r']).to_owned()));
        }
    }
    all
}

fn paragraph(place: String, fields: Vec<(String, String)>) -> Paragraph {
    let mut one = Paragraph { place, ..Paragraph::default() };
    for (field, value) in fields {
        let (field, code) = field.split_once(' ').unwrap_or((field.as_str(), ""));
        match field {
            "why" => one.why = value,
            "filter" => one.filter = repeated(value.trim_end()),
            "lists" => one.lists = Some(value),
            "event_type" => one.event_type = Some(value),
            "canonical" => one.canonical = Some(value),
            "problem" => one.problems.push(problem(&value)),
            "yes" => one.events.push((Expected::Yes, value.into_bytes())),
            "no" => one.events.push((Expected::No, value.into_bytes())),
            "undecided" => one.events.push((Expected::Undecided, value.into_bytes())),
            "reject" => one.events.push((Expected::Reject(code.to_owned()), value.into_bytes())),
            "reject-hex" => one.events.push((Expected::Reject(code.to_owned()), unhex(&value))),
            other => panic!("{}: unknown field {other}", one.place),
        }
    }
    assert!(!one.why.is_empty() && one.cases() > 0, "{}: not a whole case", one.place);
    one
}

/// `⟪3|ab⟫` stands for `ababab`.
fn repeated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('⟪') {
        let (body, after) = inside.split_once('⟫').expect("⟪ is closed");
        let (count, part) = body.split_once('|').expect("a count and a text");
        out.push_str(before);
        out.push_str(&part.repeat(count.parse().expect("a count")));
        rest = after;
    }
    out + rest
}

fn problem(value: &str) -> (String, Option<String>) {
    match value.split_once(' ') {
        None => (value.to_owned(), None),
        Some((code, quoted)) => (code.to_owned(), Some(serde_json::from_str(quoted).expect("a JSON string"))),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    digits.chunks(2).map(byte).collect()
}
