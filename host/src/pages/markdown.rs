//! Texts from rule files in Markdown: they show as they are, whatever is in them.

/// A text as prose. What is between backticks stays code.
pub(super) fn prose(text: &str) -> String {
    let paired = text.matches('`').count().is_multiple_of(2);
    let part =
        |(place, part): (usize, &str)| if paired && place % 2 == 1 { format!("`{part}`") } else { escaped(part) };
    let parts = text.split('`').enumerate().map(part).collect::<Vec<_>>();
    parts.join(if paired { "" } else { "\\`" })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out
}

/// A text as prose on one line, for headings, lists and tables.
pub(super) fn line(text: &str) -> String {
    prose(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A text as code inside a line, but not of a table.
pub(super) fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A text as a block of code.
pub(super) fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

/// A link; `shown` is Markdown.
pub(super) fn link(shown: &str, target: &str) -> String {
    let plain = target.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._~/:#?=&%+@,".contains(letter));
    if plain {
        return format!("[{shown}]({target})");
    }
    let escape = |letter| match letter {
        '<' => "%3C".to_owned(),
        '>' => "%3E".to_owned(),
        '\\' => "%5C".to_owned(),
        letter => String::from(letter),
    };
    let target: String = target.chars().filter(|letter| !letter.is_control()).map(escape).collect();
    format!("[{shown}](<{target}>)")
}

/// The name that forges give a heading for links: lower-case letters, digits, `-` and `_`.
pub(super) fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' ');
    heading.to_lowercase().chars().filter(kept).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_show_as_they_are() {
        assert_eq!(prose("a <b> s3:* in `x_y*` [1]"), "a &lt;b> s3:\\* in `x_y*` \\[1\\]");
        assert_eq!(prose("one ` alone_"), "one \\` alone\\_");
        assert_eq!(line("two\n  lines"), "two lines");
        assert_eq!(code("a ``b"), "```a ``b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(block("text", "```\n"), "````text\n```\n````\n");
    }

    #[test]
    fn links_hold_any_path() {
        assert_eq!(link("a", "../b/c.yaml"), "[a](../b/c.yaml)");
        assert_eq!(link("a", "my rules/(1).yaml"), "[a](<my rules/(1).yaml>)");
        assert_eq!(anchor("cloudtrail: network-firewall"), "cloudtrail-network-firewall");
    }
}
