//! What a file rule watches, as a filter: paths, and the names of files that do not count.

use super::fields::{self, EVENTS, IGNORED, PATHS};
use crate::import::filter::{Left, all, any, key, literal, not};
use oxpecker_engine::language::Expr;
use oxpecker_engine::language::expr::Value as Literal;
use serde_json::Value;

/// The key that holds the path of a file.
const FILE: &str = "filename";

/// The condition that a rule's files give, if it has any; what cannot be asked goes to the notes.
pub(super) fn watched(rule: &Value, notes: &mut Vec<String>) -> Option<Expr> {
    let each = fields::items(rule, PATHS).iter().filter_map(path);
    let paths = any(each.collect())?;
    notes.push("the files that it watches became a condition on `filename`".to_owned());
    let events: Vec<String> = fields::texts(rule, EVENTS).iter().map(|event| event.to_lowercase()).collect();
    if !events.is_empty() && !events.iter().any(|event| event == "all") {
        notes.push(format!(
            "the agent sent events of the kinds {}; events of other kinds match here too, \
             since producers tell the kind in different keys",
            events.join(", ")
        ));
    }
    match ignored(&fields::texts(rule, IGNORED)) {
        Some(ignored) => all(vec![paths, not(ignored)]),
        None => Some(paths),
    }
}

/// A path, as an object or as a text alone: the file or folder itself, and what is in the folder.
fn path(value: &Value) -> Option<Expr> {
    let text = fields::scalar(value).or_else(|| fields::text(value, &["path"]))?;
    let recursive = value.get("recursive").is_some_and(|flag| fields::scalar(flag).as_deref() == Some("true"));
    let separator = if text.contains('\\') { '\\' } else { '/' };
    let folder = text.trim_end_matches(separator);
    let left = Left::new(&key(FILE));
    let inside = format!("{folder}{separator}");
    if folder.contains(['*', '?']) {
        let below = if recursive { format!("(?:{}.*)?", escaped(separator)) } else { one_below(separator) };
        return Some(left.matches(&format!("^{}{below}$", glob(folder, separator))));
    }
    let below = if recursive {
        left.starts_with(&inside)
    } else {
        left.matches(&format!("^{}[^{}]*$", literal(&inside), escaped(separator)))
    };
    // The root has no name of its own.
    if folder.is_empty() { Some(below) } else { any(vec![left.is_any(vec![Literal::Text(folder.to_owned())]), below]) }
}

fn one_below(separator: char) -> String {
    format!("(?:{0}[^{0}]*)?", escaped(separator))
}

/// Names of files, with `*` and `?`, in whatever folder.
fn ignored(names: &[String]) -> Option<Expr> {
    if names.is_empty() {
        return None;
    }
    let names: Vec<String> = names.iter().map(|name| glob(name, '/')).collect();
    let names = if names.len() == 1 { names.concat() } else { format!("(?:{})", names.join("|")) };
    Some(Left::new(&key(FILE)).matches(&format!(r"(?:^|[/\\]){names}$")))
}

/// A text with wildcards as a regular expression; they do not reach over a separator.
fn glob(text: &str, separator: char) -> String {
    let not_separator = format!("[^{}]", escaped(separator));
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '*' => out.push_str(&format!("{not_separator}*")),
            '?' => out.push_str(&not_separator),
            c => out.push_str(&literal(&c.to_string())),
        }
        out
    })
}

fn escaped(separator: char) -> String {
    literal(&separator.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxpecker_engine::event::Event;
    use oxpecker_engine::json::{Json, Limits};
    use oxpecker_engine::lists::Lists;
    use oxpecker_engine::reference::{Filter, Verdict};
    use serde_json::json;

    /// Which of some files a rule watches.
    #[track_caller]
    fn check(rule: &Value, yes: &[&str], no: &[&str]) {
        let expr = watched(rule, &mut Vec::new()).unwrap();
        let filter = Filter::new(expr.clone(), &Lists::default());
        let found = |file: &str| {
            let text = json!({"filename": file}).to_string();
            let root = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
            filter.evaluate(&Event::new(root, None)) == Verdict::Match
        };
        yes.iter().for_each(|file| assert!(found(file), "{expr} must match {file}"));
        no.iter().for_each(|file| assert!(!found(file), "{expr} must not match {file}"));
    }

    #[test]
    fn a_folder_is_watched_with_or_without_what_is_below() {
        let rule =
            |path: &str, recursive: bool| json!({"fileIntegrityPaths": [{"path": path, "recursive": recursive}]});
        check(&rule("/etc", true), &["/etc", "/etc/passwd", "/etc/ssh/x"], &["/etcetera", "/home/etc"]);
        check(&rule("/etc/", false), &["/etc", "/etc/passwd"], &["/etc/ssh/x", "/etcetera"]);
        check(
            &rule("/home/*/.ssh", true),
            &["/home/ada/.ssh", "/home/ada/.ssh/id"],
            &["/home/.ssh/id", "/home/a/b/.ssh"],
        );
        check(&rule(r"C:\Windows", false), &[r"C:\Windows\x.exe"], &[r"C:\Windows\System32\x.exe"]);
        check(&rule("/", true), &["/x", "/x/y"], &["x"]);
    }

    #[test]
    fn ignored_files_do_not_count() {
        let rule = json!({"fileIntegrityPaths": ["/etc"], "ignoreFiles": ["*swp", ".*", "nssdb*", "*~", "*+"]});
        check(
            &rule,
            &["/etc/passwd", "/etc/a.swx"],
            &["/etc/x.swp", "/etc/.hidden", "/etc/nssdb1", "/etc/a~", "/etc/a+"],
        );
    }
}
