//! The command line as a user sees it: transcripts in `tests/cli`, run again and compared. The format is explained in
//! `tests/cli/README.md`.
#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a test that cannot run its commands has failed")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Fewer than this and the glob has gone wrong.
const AT_LEAST: usize = 40;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn transcripts() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/cli")).expect("tests/cli is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}

#[test]
fn each_transcript_runs_as_it_was_written() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (mut commands, mut different) = (0, Vec::new());
    for path in transcripts() {
        let text = fs::read_to_string(&path).expect("a transcript is text");
        let (again, ran) = replay(&path, &text);
        commands += ran;
        if update {
            fs::write(&path, &again).expect("the transcript is written");
        } else if again != text {
            different.push(format!("{}\n{}", path.display(), difference(&text, &again)));
        }
    }
    // Not println: the number is to be seen although the test passes.
    let _ = writeln!(std::io::stderr(), "command line: {commands} commands in {} transcripts", transcripts().len());
    assert!(transcripts().len() >= AT_LEAST, "only {} transcripts", transcripts().len());
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 writes these anew:\n\n{}", different.join("\n"));
}

/// The transcript as it is today, and how many commands it has.
fn replay(path: &Path, text: &str) -> (String, usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut again, mut ran) = (String::new(), 0);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        // What a command printed is made anew below.
        if is_output(line) {
            continue;
        }
        again.push_str(line);
        again.push('\n');
        if let Some(name) = line.strip_prefix("file ") {
            let mut content = String::new();
            while let Some(row) = lines.next_if(|next| next.starts_with('|')) {
                again.push_str(row);
                again.push('\n');
                content.push_str(row.strip_prefix("| ").unwrap_or_default());
                content.push('\n');
            }
            put(folder.path(), name, content.as_bytes());
        } else if let Some(name) = line.strip_prefix("copy ") {
            let content = fs::read(root().join(name)).expect("the file to copy is there");
            let name = Path::new(name).file_name().expect("a name").to_string_lossy().into_owned();
            put(folder.path(), &name, &content);
        } else if let Some(command) = line.strip_prefix("$ ") {
            ran += 1;
            again.push_str(&run(folder.path(), command));
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "{}: what is this? {line}", path.display());
        }
    }
    (again, ran)
}

fn is_output(line: &str) -> bool {
    line.starts_with(['>', '!']) || line.strip_prefix("exit ").is_some_and(|code| code.parse::<u8>().is_ok())
}

fn put(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
    fs::write(path, content).expect("a file can be written");
}

/// Runs a command line in `folder` and gives what it printed in the transcript's notation.
fn run(folder: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_oxpecker"));
    let mut search = program.parent().expect("a folder").as_os_str().to_owned();
    search.push(":");
    search.push(std::env::var_os("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", search), ("HOME", folder.into()), ("LC_ALL", "C".into())])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the shell runs");
    let mut text = notation('>', &output.stdout, folder);
    text.push_str(&notation('!', &output.stderr, folder));
    let code = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0));
    let _ = writeln!(text, "exit {code}");
    text
}

fn notation(mark: char, output: &[u8], folder: &Path) -> String {
    let mut text = String::new();
    let output = String::from_utf8_lossy(output).replace(&*folder.to_string_lossy(), "FOLDER");
    for line in output.lines() {
        let line = masked(line);
        let space = if line.is_empty() { "" } else { " " };
        let _ = writeln!(text, "{mark}{space}{line}");
    }
    if !output.is_empty() && !output.ends_with('\n') {
        let _ = writeln!(text, "{mark}\\ no line end");
    }
    text
}

/// A line without what differs from run to run, and with its control characters made visible.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    if line.ends_with(" events/s")
        && let Some((before, _)) = line.rsplit_once(" in ")
    {
        line = format!("{before} in TIME, SPEED");
    }
    if let Some((before, seconds)) = line.strip_suffix(" s)").and_then(|line| line.rsplit_once(", "))
        && seconds.parse::<f64>().is_ok()
    {
        line = format!("{before}, TIME)");
    }
    let mut text = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        text.push_str(if is_hash(&word) { "HASH" } else { &word });
        word.clear();
        match c {
            '\n' => {}
            c if c.is_control() => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
}

/// Whether a word is a hash as this program writes them. Fixtures avoid words like it.
fn is_hash(word: &str) -> bool {
    let hexadecimal = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    matches!(word.len(), 12 | 16 | 32 | 64) && hexadecimal && word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// The first lines that differ.
fn difference(old: &str, new: &str) -> String {
    const SHOWN: usize = 12;
    let same = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    let show = |sign: char, text: &str| -> String {
        text.lines().skip(same).take(SHOWN).fold(String::new(), |mut shown, line| {
            let _ = writeln!(shown, "  {sign} {line}");
            shown
        })
    };
    format!("  from line {}:\n{}{}", same + 1, show('-', old), show('+', new))
}
