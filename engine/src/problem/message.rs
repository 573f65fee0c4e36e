//! The prose of each problem: one sentence that says what is wrong, and one that says how to mend it.

use super::Problem;
use std::borrow::Cow;

/// What stands at a place, for a sentence: "`x`", or "the end of the filter".
fn found_or_end(found: Option<&String>) -> String {
    found.map_or_else(|| "the end of the filter".to_owned(), |text| format!("`{text}`"))
}

fn did_you_mean(suggestion: Option<&String>) -> Option<Cow<'static, str>> {
    suggestion.map(|name| format!("did you mean `{name}`?").into())
}

impl Problem {
    /// What is wrong, in one sentence without a full stop.
    #[must_use]
    pub fn message(&self) -> String {
        self.filter_message().or_else(|| self.warning_message()).unwrap_or_else(|| self.file_message())
    }

    /// Messages of the errors in a filter.
    fn filter_message(&self) -> Option<String> {
        use Problem as P;
        Some(match self {
            P::EmptyFilter => "the filter is empty".into(),
            P::FilterTooLong { length, limit } => format!("the filter has {length} bytes; the limit is {limit}"),
            P::NestingTooDeep { limit } => format!("more than {limit} parentheses and `not`s inside one another"),
            P::KeyTooLong { limit } => format!("a key of more than {limit} parts"),
            P::UnterminatedText { quote } => format!("this text has no closing {quote}"),
            P::BadUnicodeEscape => "this escape names no character".into(),
            P::StrayCharacter { found } => format!("`{}` has no meaning here", found.escape_debug()),
            P::ExpectedCondition { found, after: Some(after) } => {
                format!("a condition is missing after `{after}`, before {}", found_or_end(found.as_ref()))
            }
            P::ExpectedCondition { found, after: None } => {
                format!("expected a condition, found {}", found_or_end(found.as_ref()))
            }
            P::MissingConnective { found } => format!("expected `and` or `or` before `{found}`"),
            P::UnclosedParenthesis => "this parenthesis is never closed".into(),
            P::UnopenedParenthesis => "this parenthesis was never opened".into(),
            P::BadKey { found } => format!("expected a part of a key, found {}", found_or_end(found.as_ref())),
            P::BadIndex { found } => format!("`{found}` is no place in an array"),
            P::UnknownFunction { found, .. } => format!("there is no function `{found}`"),
            P::NestedFunction { found } => format!("`{found}` stands inside another function, where only a key can"),
            P::MissingOperator { key, .. } => format!("`{key}` is not compared with anything"),
            P::UnknownOperator { found, .. } => format!("`{found}` is no operator of this language"),
            P::MissingValue { operator, found } => {
                format!("`{operator}` has no value before {}", found_or_end(found.as_ref()))
            }
            P::UnquotedValue { found, key: false } => format!("the value `{found}` is not quoted"),
            P::UnquotedValue { found, key: true } => {
                format!("`{found}` is a key: keys are compared with values, not with one another")
            }
            P::BadNumber { found } => format!("`{found}` is not written as a number"),
            P::BadValue { operator, found, wanted } => format!("`{operator}` takes {wanted}, not {found}"),
            P::BadSet { found } => format!("expected a value of the set, found {}", found_or_end(found.as_ref())),
            P::SetTooLong { limit } => format!("more than {limit} values in one set"),
            P::BadRegex { reason } => format!("this regular expression cannot be read: {reason}"),
            P::RegexTooLarge { limit } => {
                format!("this regular expression takes more than {limit} bytes when compiled")
            }
            P::UnknownList { name, .. } => format!("there is no list `@{name}`"),
            _ => return None,
        })
    }

    /// Messages of the warnings about a filter.
    fn warning_message(&self) -> Option<String> {
        use Problem as P;
        Some(match self {
            P::TypographicQuotes { open, close } => {
                format!("typographic quotes {open} {close}, read as plain ones")
            }
            P::TranslatedConnective { found, meaning } => format!("`{found}` is read as `{meaning}`"),
            P::UnknownKey { key, .. } => format!("no known kind of event has a key `{key}`"),
            P::EmptyText { operator } => format!("`{operator} \"\"` is true for every value there is"),
            P::LiteralWildcard { found } => format!("`{found}` is an ordinary character here, not a wildcard"),
            P::IncomparableValue { operator } => {
                format!("`{operator}` with a text that is neither a number nor a timestamp is never true")
            }
            P::CidrHostBits { network } => {
                format!("this network has bits set behind its prefix; it is read as {network}")
            }
            P::CidrBadPrefix { found } => {
                format!("`/{found}` is no prefix length of this address; the value is read as plain text")
            }
            P::CidrNotEqual { key } => {
                format!("this is also true where `{key}` is no address, such as `AWS Internal`")
            }
            _ => return None,
        })
    }

    /// Messages of the problems of rule files.
    fn file_message(&self) -> String {
        use Problem as P;
        match self {
            P::FileNotText { offset } => format!("the file is not UTF-8 text (byte {offset})"),
            P::FileTooLarge { length, limit } => format!("the file has {length} bytes; the limit is {limit}"),
            P::EventsNotRules => "these are events, not rules".into(),
            P::YamlSyntax { reason } => format!("this is not YAML: {reason}"),
            P::YamlUnsupported { what } => format!("{what} are not supported in rule files"),
            P::WrongType { field, found, wanted } => format!("`{field}` must be {wanted}, not {found}"),
            P::UnknownField { field, .. } => format!("unknown field `{field}`"),
            P::DuplicateField { field, first_line } => {
                format!("`{field}` is given twice; the first is on line {first_line}")
            }
            P::MissingField { field, of } => format!("{of} has no `{field}`"),
            P::BadField { field, found, wanted } => format!("`{field}` cannot be `{found}`; it takes {wanted}"),
            P::BadTemplate { reason } => format!("this template cannot be read: {reason}"),
            P::BadListEntry { reason } => format!("this cannot be an entry of a list: {reason}"),
            P::DuplicateEntry { entry, first_line } => {
                format!("`{entry}` is in this list already, on line {first_line}; the last one counts")
            }
            P::RegexesTooLarge { limit, fitting, behind } => {
                let others = match behind {
                    0 => String::new(),
                    1 => ", nor in one rule after it".into(),
                    _ => format!(", nor in {behind} rules after it"),
                };
                format!(
                    "the regular expressions of all rules take more than {limit} bytes together when compiled: \
                     there is room for {fitting}, not for what stands here{others}"
                )
            }
            P::DuplicateRule { id, first } => format!("another rule has the id `{id}`: {first}"),
            P::NoRules => "the file holds no rules".into(),
            P::TitleNotAggregated { key } => {
                format!("the title shows `{key}`, which is not in `aggregate`: events of one alert may differ in it")
            }
            P::SuppressionExpired { expires } => format!("this suppression expired on {expires}"),
            P::SuppressionNeverMatches { one, other } => {
                format!("this suppression hides nothing: `{one}` and `{other}` cannot both hold")
            }
            P::SuppressionHidesRule { rule, until: None } => {
                format!("this suppression hides every event that the rule `{rule}` matches")
            }
            P::SuppressionHidesRule { rule, until: Some(day) } => {
                format!("this suppression hides every event that the rule `{rule}` matches, until {day}")
            }
            P::SuppressionOnUniqueKey { key } => {
                format!("`{key}` is another one in nearly every event: this hides no event to come")
            }
            P::UnknownRule { id, .. } => format!("there is no rule `{id}` to change"),
            P::TuneChangesNothing { rule } => format!("this changes nothing in the rule `{rule}`"),
            P::RedactsNothing => "there are no rules whose alerts this could keep anything out of".into(),
            // The other two lists hold every other variant; a test goes over all codes.
            other => other.code().to_owned(),
        }
    }

    /// How to mend it, where there is something to say.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        use Problem as P;
        Some(match self {
            P::UnknownFunction { suggestion: Some(name), .. } | P::UnknownOperator { suggestion: Some(name), .. } => {
                return did_you_mean(Some(name));
            }
            P::UnknownKey { suggestion, .. }
            | P::UnknownField { suggestion, .. }
            | P::UnknownList { suggestion: suggestion @ Some(_), .. } => return did_you_mean(suggestion.as_ref()),
            P::MissingValue { operator, .. } => format!("write a value after it, such as `{operator} \"text\"`").into(),
            P::UnquotedValue { found, key: false } => format!("write \"{found}\"").into(),
            P::UnquotedValue { found, key: true } => format!("if the text is meant, write \"{found}\"").into(),
            P::MissingOperator { key, quoted: true } => format!(
                "a value alone is no condition; write its key again, or all values in a set: user in ({key}, \"…\")"
            )
            .into(),
            P::MissingOperator { key, .. } => format!("to ask whether it is there, write `{key} exists`").into(),
            P::UnknownRule { suggestion: Some(name), place: Some(place), .. } => {
                format!("did you mean `{name}` ({place})?").into()
            }
            P::BadIndex { .. } => "write a whole number: `[0]` is the first element, `[-1]` the last".into(),
            other => return other.fixed_help().map(Cow::Borrowed),
        })
    }

    /// Help that does not depend on the problem's data.
    fn fixed_help(&self) -> Option<&'static str> {
        use Problem as P;
        Some(match self {
            P::EmptyFilter => "write a condition, such as eventName = \"StartSession\"",
            P::FilterTooLong { .. } | P::SetTooLong { .. } => "move the values into a list and write `in @name`",
            P::NestingTooDeep { .. } => "`a or b or c` needs no parentheses inside one another",
            P::KeyTooLong { .. } => "a name that holds dots is one part in quotes, such as a.\"b.c\"",
            P::UnterminatedText { .. } => "close it; a quote inside a text is written with a backslash before it",
            P::BadUnicodeEscape => "write one to six hexadecimal digits in braces, such as \\u{e9}",
            P::StrayCharacter { .. } => "texts stand in quotes",
            P::ExpectedCondition { .. } => "a condition is a key, an operator and a value: user = \"root\"",
            P::MissingConnective { .. } => "two conditions are joined by `and` or `or`",
            P::UnclosedParenthesis => "close it with `)`",
            P::UnopenedParenthesis => "take it away, or open one before",
            P::BadKey { .. } => {
                "keys with other characters than letters, digits and _ - : / @ $ stand in quotes: a.\"b c\""
            }
            P::UnknownFunction { .. } => "the functions are lower, upper, length, count and all",
            P::NestedFunction { .. } => {
                "keep one of them; where letter case must not count, matches \"(?i)…\" does without `lower`"
            }
            P::UnknownOperator { .. } => {
                "the operators are = != < <= > >= like starts_with ends_with contains matches in exists"
            }
            P::BadNumber { .. } => "write it as 22, -1, 1.5 or 1e3, or quote it to compare it as text",
            P::BadSet { .. } => "a set is written in (\"a\", \"b\") or in @list",
            P::RegexTooLarge { .. } => "use smaller repetitions",
            P::UnknownList { .. } => "lists are declared under `lists:` in a rule file, or given by --lists",
            P::TypographicQuotes { .. } => "use \" or '",
            P::EmptyText { .. } => "to ask whether there is a value, write `!= null`",
            P::LiteralWildcard { .. } => {
                "`like` finds the text anywhere; use starts_with, ends_with or matches for more"
            }
            P::IncomparableValue { .. } => "compare with a number, or with a time such as \"2026-01-31T12:00:00Z\"",
            P::CidrNotEqual { .. } => "if only addresses are meant, add a condition on their shape",
            P::FileNotText { .. } => "save the file as UTF-8",
            P::EventsNotRules => "`oxpecker replay` and `oxpecker eval` read events; rule files are YAML with `rules:`",
            P::YamlSyntax { .. } => {
                "here or in the line before: a field in another column than its neighbours, a tab, a bracket or quote left \
                 open, or `: ` or ` #` in a text without quotes"
            }
            P::YamlUnsupported { .. } => "write the value out",
            P::RegexesTooLarge { .. } => {
                "one that several rules share counts once; `like`, `starts_with` and `in @list` need none, and smaller \
                 repetitions take less"
            }
            P::DuplicateRule { .. } => "ids are unique over all rule files that are loaded together",
            P::TitleNotAggregated { .. } => "add it to `aggregate`, or take it out of the title",
            P::SuppressionExpired { .. } => "renew it or take it away: it hides nothing now",
            P::SuppressionNeverMatches { .. } => "compare it with the rule's filter, or take it away",
            P::SuppressionHidesRule { .. } => {
                "to switch the rule off, write `enabled: false`; to go on counting, `status: shadow`"
            }
            P::SuppressionOnUniqueKey { .. } => "name what its events have in common, such as the user or the command",
            P::UnknownRule { .. } => "load the file that has the rule together with this one",
            P::TuneChangesNothing { .. } => "take it away, or change what it says",
            P::RedactsNothing => "put it into the file with the rules, or give this file the name of their set",
            P::BadTemplate { .. } => {
                "a template holds keys in double braces, and no function but lookup: {{user}}, {{lookup(@accounts, accountId).owner}}"
            }
            _ => return None,
        })
    }
}
