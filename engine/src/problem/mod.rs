//! What can be wrong with a filter or a rule file: a code, a place and data, no prose.
//!
//! The prose is in [`message`]; carets and colours belong to whoever shows the problem (terminal, JSON, an editor).

mod message;
mod position;

pub use position::{Lines, Position};

use crate::Span;

/// One problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The place in the text that was read.
    pub span: Span,
    /// What is wrong there.
    pub problem: Problem,
    /// A text to put in place of the span, where that would mend it.
    pub fix: Option<String>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The text is understood; it may not mean what its author meant.
    Warning,
    /// The text is not accepted.
    Error,
}

impl Level {
    /// `error` or `warning`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// Collects problems, so that one reading of a text finds all of them.
pub type Sink = Vec<Diagnostic>;

impl Diagnostic {
    /// A problem without a ready fix.
    #[must_use]
    pub fn new(span: Span, problem: Problem) -> Self {
        Self { span, problem, fix: None }
    }

    /// The same with a text that mends it when put in place of the span.
    #[must_use]
    pub fn with_fix(mut self, replacement: impl Into<String>) -> Self {
        self.fix = Some(replacement.into());
        self
    }

    /// Whether this keeps the text from being accepted.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.problem.level() == Level::Error
    }
}

/// Declares the problems: each with its stable code, its level, and a text that triggers it.
macro_rules! problems {
    ($( $level:ident $code:literal $(#[$doc:meta])* $name:ident $({ $($field:ident : $type:ty),* $(,)? })? ),* $(,)?) => {
        /// Everything that can be wrong. The documentation of each shows a text that triggers it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the fields are named after what they hold")]
        pub enum Problem {
            $( $(#[$doc])* $name $({ $($field: $type),* })? ),*
        }

        impl Problem {
            /// Every code with its level, in the order of declaration.
            pub const CODES: &'static [(&'static str, Level)] = &[$( ($code, Level::$level) ),*];

            /// The stable name of this kind of problem.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self { $( Self::$name { .. } => $code ),* }
            }

            /// Whether it is an error or a warning.
            #[must_use]
            pub fn level(&self) -> Level {
                match self { $( Self::$name { .. } => Level::$level ),* }
            }
        }
    };
}

problems! {
    // The text of a filter.
    Error "empty-filter"
    /// An empty text, or nothing but comments.
    EmptyFilter,
    Error "filter-too-long"
    /// More bytes than [`Limits::length`](crate::language::Limits).
    FilterTooLong { length: usize, limit: usize },
    Error "nesting-too-deep"
    /// `((((((…a = 1…))))))`
    NestingTooDeep { limit: usize },
    Error "key-too-long"
    /// `a.b.c.d.e.…`
    KeyTooLong { limit: usize },
    Error "unterminated-text"
    /// `user = "root`
    UnterminatedText { quote: char },
    Error "bad-unicode-escape"
    /// `user = "\u{110000}"`
    BadUnicodeEscape,
    Error "stray-character"
    /// `user = "root" ;`
    StrayCharacter { found: char },
    Error "expected-condition"
    /// `user = "root" and`
    ExpectedCondition { found: Option<String>, after: Option<String> },
    Error "missing-connective"
    /// `user = "root" type = "start"`
    MissingConnective { found: String },
    Error "unclosed-parenthesis"
    /// `(user = "root"`
    UnclosedParenthesis,
    Error "unopened-parenthesis"
    /// `user = "root")`
    UnopenedParenthesis,
    // Left sides.
    Error "bad-key"
    /// `user. = "root"`
    BadKey { found: Option<String> },
    Error "bad-index"
    /// `group[first] = "root"`
    BadIndex { found: String },
    Error "unknown-function"
    /// `lenght(user) > 3`
    UnknownFunction { found: String, suggestion: Option<String> },
    Error "nested-function"
    /// `all(lower(group)) = "wheel"`
    NestedFunction { found: String },
    // Operators.
    Error "missing-operator"
    /// `user`
    MissingOperator { key: String, quoted: bool },
    Error "unknown-operator"
    /// `user startswith "ro"`
    UnknownOperator { found: String, suggestion: Option<String> },
    // Right sides.
    Error "missing-value"
    /// `arguments starts_with and exe = "y"`
    MissingValue { operator: String, found: Option<String> },
    Error "unquoted-value"
    /// `exe = /bin/exe`; of a key of events, `user = userIdentity.userName`
    UnquotedValue { found: String, key: bool },
    Error "bad-number"
    /// `port = 0022`
    BadNumber { found: String },
    Error "bad-value"
    /// `user like null`
    BadValue { operator: String, found: String, wanted: String },
    Error "bad-set"
    /// `user in ()`
    BadSet { found: Option<String> },
    Error "set-too-long"
    /// `user in ("a", "b", … ten thousand more)`
    SetTooLong { limit: usize },
    Error "bad-regex"
    /// `user matches "("`
    BadRegex { reason: String },
    Error "regex-too-large"
    /// `user matches "(a{1000}){1000}"`
    RegexTooLarge { limit: usize },
    Error "unknown-list"
    /// `user in @admins` without such a list
    UnknownList { name: String, suggestion: Option<String> },
    // What is accepted, and may not be meant.
    Warning "typographic-quotes"
    /// `user = “root”`
    TypographicQuotes { open: char, close: char },
    Warning "translated-connective"
    /// `user = "root" 및 type = "start"`
    TranslatedConnective { found: String, meaning: String },
    Warning "unknown-key"
    /// `usr = "root"`
    UnknownKey { key: String, suggestion: Option<String> },
    Warning "empty-text"
    /// `user like ""`
    EmptyText { operator: String },
    Warning "literal-wildcard"
    /// `user like "root*"`
    LiteralWildcard { found: char },
    Warning "incomparable-value"
    /// `port > "many"`
    IncomparableValue { operator: String },
    Warning "cidr-host-bits"
    /// `ip = "10.0.0.7/8"`
    CidrHostBits { network: String },
    Warning "cidr-bad-prefix"
    /// `ip = "10.0.0.0/64"`
    CidrBadPrefix { found: String },
    Warning "cidr-not-equal"
    /// `ip != "10.0.0.0/8"`
    CidrNotEqual { key: String },

    // Rule files.
    Error "file-not-text"
    /// A rule file that is not UTF-8.
    FileNotText { offset: usize },
    Error "file-too-large"
    /// A rule file of more bytes than [`Limits::file`](crate::rule::Limits).
    FileTooLarge { length: usize, limit: usize },
    Error "events-not-rules"
    /// `{"eventName":"ConsoleLogin"}`
    EventsNotRules,
    Error "yaml-syntax"
    /// `rules: [`
    YamlSyntax { reason: String },
    Error "yaml-unsupported"
    /// `rules: &anchor []`
    YamlUnsupported { what: String },
    Error "wrong-type"
    /// `rules: 5`
    WrongType { field: String, found: String, wanted: String },
    Error "unknown-field"
    /// `titel: x`
    UnknownField { field: String, suggestion: Option<String> },
    Error "duplicate-field"
    /// `name: a` and `name: b` in one rule
    DuplicateField { field: String, first_line: usize },
    Error "missing-field"
    /// A rule without `id`.
    MissingField { field: String, of: String },
    Error "bad-field"
    /// `severity: 9`
    BadField { field: String, found: String, wanted: String },
    Error "bad-template"
    /// `title: "{{user"`
    BadTemplate { reason: String },
    Error "bad-list-entry"
    /// A row of a CSV list with fewer values than its first line names.
    BadListEntry { reason: String },
    Error "regexes-too-large"
    /// Ten thousand rules, each with a regular expression of its own of 10 KB.
    RegexesTooLarge { limit: usize, fitting: usize, behind: usize },
    Error "duplicate-rule"
    /// Two different rules with one `id`.
    DuplicateRule { id: String, first: String },
    Warning "duplicate-entry"
    /// `admins: [root, root]`
    DuplicateEntry { entry: String, first_line: usize },
    Warning "no-rules"
    /// A rule file without a rule.
    NoRules,
    Warning "title-not-aggregated"
    /// `title: "{{ip}}"` with `aggregate: [user]`
    TitleNotAggregated { key: String },
    Warning "suppression-expired"
    /// `expires: 2020-01-01`
    SuppressionExpired { expires: String },
    Warning "suppression-never-matches"
    /// A suppression `eventName = "B"` in a rule with the filter `eventName = "A"`.
    SuppressionNeverMatches { one: String, other: String },
    Warning "suppression-hides-rule"
    /// A suppression `eventName = "A"` in a rule with the filter `eventName = "A" and user = "root"`.
    SuppressionHidesRule { rule: String, until: Option<String> },
    Warning "suppression-on-unique-key"
    /// A suppression `pid = 4711`
    SuppressionOnUniqueKey { key: String },
    // Overlays, and what a set keeps back.
    Error "unknown-rule"
    /// `tune: [{rule: root-logn, severity: 1}]`
    UnknownRule { id: String, suggestion: Option<String>, place: Option<String> },
    Warning "tune-changes-nothing"
    /// `tune: [{rule: root-login, severity: 1}]` where its severity is 1 already.
    TuneChangesNothing { rule: String },
    Error "redacts-nothing"
    /// `redact: [user]` in a file without rules, whose set has none elsewhere.
    RedactsNothing,
}
