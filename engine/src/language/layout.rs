//! The canonical text over several lines: what an editor's "format" gives for a filter that one line cannot hold.

use super::Expr;

/// The canonical form, on one line where that has at most `width` characters; else one part of the outermost `and` or
/// `or` a line, and so on inside parentheses. Reading it gives the same tree again.
#[must_use]
pub fn layout(expr: &Expr, width: usize) -> String {
    let mut out = String::new();
    write(expr, 0, 0, width, &mut out);
    out
}

/// How far what is in parentheses stands in.
const INDENT: usize = 2;

/// Writes `expr` where `before` characters of its first line are taken.
fn write(expr: &Expr, indent: usize, before: usize, width: usize, out: &mut String) {
    let line = expr.to_string();
    if indent + before + line.chars().count() <= width {
        return out.push_str(&line);
    }
    match expr {
        Expr::And(parts) => join(parts, "and", indent, width, out),
        Expr::Or(parts) => join(parts, "or", indent, width, out),
        Expr::Not(inner) => {
            out.push_str("not ");
            match inner.as_ref() {
                part @ (Expr::And(_) | Expr::Or(_)) => bracketed(part, indent, width, out),
                part => write(part, indent, before + 4, width, out),
            }
        }
        Expr::Predicate(_) => out.push_str(&line),
    }
}

fn join(parts: &[Expr], word: &str, indent: usize, width: usize, out: &mut String) {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(word);
            out.push(' ');
        }
        let before = if place > 0 { word.len() + 1 } else { 0 };
        // The same connective inside itself, or a looser one, keeps its parentheses.
        match part {
            Expr::And(_) if word == "and" => bracketed(part, indent, width, out),
            Expr::Or(_) => bracketed(part, indent, width, out),
            Expr::And(_) if part.to_string().chars().count() + indent + before > width => {
                bracketed(part, indent, width, out);
            }
            part => write(part, indent, before, width, out),
        }
    }
}

fn bracketed(part: &Expr, indent: usize, width: usize, out: &mut String) {
    let line = part.to_string();
    if indent + line.chars().count() + 6 <= width {
        out.push('(');
        out.push_str(&line);
        return out.push(')');
    }
    out.push_str("(\n");
    out.extend(std::iter::repeat_n(' ', indent + INDENT));
    write(part, indent + INDENT, 0, width, out);
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(')');
}

#[cfg(test)]
mod tests {
    use super::layout;
    use crate::language::{Limits, parse};

    #[test]
    fn a_long_filter_is_broken_at_its_connectives_and_reads_the_same() {
        let texts = [
            "a = 1 and b = 2",
            "eventSource = 'ssm.amazonaws.com' and (eventName = 'StartSession' or eventName = 'ResumeSession')",
            "not (a = 'a long text' and b = 'another long text') or c = 1 and d = 2 or (e = 3 or f = 4) and g = 5",
            "((a = 1 or b = 2) and (c = 3 or d = 4)) or not not (x = 1 or y = 2)",
        ];
        for text in texts {
            let tree = parse(text, &Limits::default()).expr.expect("a filter");
            for width in [10, 30, 60, 200] {
                let again = parse(&layout(&tree, width), &Limits::default()).expr.expect("a filter");
                assert_eq!(again.to_string(), tree.to_string(), "{text} at {width}");
            }
        }
        let tree = parse(texts[1], &Limits::default()).expr.expect("a filter");
        assert_eq!(
            layout(&tree, 70),
            "eventSource = \"ssm.amazonaws.com\"\nand (eventName = \"StartSession\" or eventName = \"ResumeSession\")"
        );
    }
}
