//! The language's own laws, on generated and hand-made text; single verdicts and messages are in the corpus.

use super::*;
use crate::problem::Diagnostic;

fn codes(source: &str) -> Vec<(&'static str, &str)> {
    let problems = parse(source, &Limits::default()).problems;
    problems.iter().map(|p: &Diagnostic| (p.problem.code(), p.span.of(source))).collect()
}

#[track_caller]
fn canonical(source: &str, expect: &str) {
    let parsed = parse(source, &Limits::default());
    let Some(expr) = parsed.expr else { panic!("{source}: {:?}", parsed.problems) };
    assert_eq!(expr.to_string(), expect);
    let again = parse(expect, &Limits::default()).expr.map(|expr| expr.to_string());
    assert_eq!(again.as_deref(), Some(expect));
}

#[test]
fn canonical_text() {
    canonical("a=1 AND (b=2 or c=3)", "a = 1 and (b = 2 or c = 3)");
    canonical("(a=1 and b=2) and not (not c like 'x')", "a = 1 and b = 2 and not not c like \"x\"");
    canonical("a.\"b c\"[0].and in ('x',1,null)", "a.\"b c\"[0].and in (\"x\", 1, null)");
    canonical("1.5.x = 2 or 15 = -1e+5", "1.5.x = 2 or 15 = -1e+5");
    canonical("\"1.5\" = \"\\d\\u{e9}\\n\"", "\"1.5\" = \"\\\\dé\\n\"");
    canonical("all(a.b) not  in @x # end", "all(a.b) not in @x");
    canonical("type =\"connect\"", "type = \"connect\"");
    canonical("a = “x” 및 b = ‘it is’", "a = \"x\" and b = \"it is\"");
}

#[test]
fn problems_of_one_text_come_together() {
    assert_eq!(codes("user = 'x' AND arguments starts_with AND exe = 'y'"), [("missing-value", "starts_with")]);
    assert_eq!(
        codes("exe = /bin/foo.sh and user startswith \"x\""),
        [("unquoted-value", "/bin/foo.sh"), ("unknown-operator", "startswith")]
    );
    assert_eq!(
        codes("a == 1 && (b = 2"),
        [("unknown-operator", "=="), ("unknown-operator", "&&"), ("unclosed-parenthesis", "(")]
    );
    assert_eq!(
        codes("a = 1 b = 2) or"),
        [("missing-connective", "b"), ("unopened-parenthesis", ")"), ("expected-condition", "")]
    );
    assert_eq!(
        codes("a in () and b in (1,) and c in (1 2) and d in 'x'"),
        [("bad-set", ")"), ("bad-set", ")"), ("bad-set", "2"), ("bad-set", "'x'")]
    );
    assert_eq!(codes("a = \"x"), [("unterminated-text", "\"")]);
    assert_eq!(codes("  # nothing"), [("empty-filter", "  # nothing")]);
    assert_eq!(
        codes("a is not null and b = 0012 and c[x] = 1 and d"),
        [("unknown-operator", "is not"), ("bad-number", "0012"), ("bad-index", "x"), ("missing-operator", "d")]
    );
}

/// A filter with one problem, and what its fix makes of it.
#[track_caller]
fn mended(source: &str, expect: &str) {
    let problems = parse(source, &Limits::default()).problems;
    assert_eq!(problems.len(), 1, "{source}: {problems:?}");
    let mut text = source.to_owned();
    for Diagnostic { span, fix, .. } in problems {
        text.replace_range(span.start..span.end, fix.as_deref().unwrap_or_default());
    }
    assert_eq!(text, expect);
    assert!(parse(&text, &Limits::default()).expr.is_some(), "{text}");
}

#[test]
fn a_negation_in_a_wrong_place_is_one_mistake_with_one_fix() {
    mended("user != not null", "user != null");
    mended("user = not \"root\" and type = 1", "user != \"root\" and type = 1");
    mended("user like not \"root\"", "user not like \"root\"");
    mended("user in not (\"a\", \"b\")", "user not in (\"a\", \"b\")");
    mended("user not in not @admins", "user not in @admins");
    mended("user !in (\"a\")", "user not in (\"a\")");
    mended("user!in(\"a\")", "user not in(\"a\")");
    mended("user !startswith \"a\"", "user not starts_with \"a\"");
    mended("user !exists and type = 1", "user not exists and type = 1");
    mended("user ! = \"a\"", "user != \"a\"");
    mended("user not != \"a\"", "user != \"a\"");
    mended("user~\"a\"", "user matches\"a\"");
    // What is no slip of one sign: the opposite of `<` is not `>=`, and a condition may follow that has its own `not`.
    assert_eq!(codes("port not < 5"), [("unknown-operator", "not <")]);
    assert_eq!(codes("user = not type = 1"), [("missing-value", "="), ("missing-connective", "not")]);
    assert_eq!(codes("user !root"), [("unknown-operator", "!"), ("unquoted-value", "root")]);
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}a = 1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(codes(&deep), [("nesting-too-deep", "(")]);
    let nots = format!("{}a = 1", "not ".repeat(60_000));
    assert_eq!(codes(&nots), [("nesting-too-deep", "not")]);
}
