//! A document of a Sigma file: a rule, a correlation of rules, a filter over rules, or none of them.

use super::logsource::LogSource;
use super::yaml::Node;

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Document {
    Rule(Rule),
    Correlation(Correlation),
    Filter(Filter),
    /// Values for all documents of the file that follow: `action: global`.
    Global(Node),
    /// It is nothing of Sigma's.
    Other,
}

/// What all documents may say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct About {
    pub(super) title: String,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) level: Option<String>,
    pub(super) description: Option<String>,
    pub(super) author: Option<String>,
    pub(super) date: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) license: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) benign: Vec<String>,
}

/// A rule over single events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) about: About,
    pub(super) source: LogSource,
    pub(super) detection: Node,
    /// The time of an old count; its place is in the detection, but rules have it beside that too.
    pub(super) timeframe: Option<String>,
}

/// A rule over the matches of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Correlation {
    pub(super) about: About,
    pub(super) kind: String,
    pub(super) rules: Vec<String>,
    pub(super) body: Node,
}

/// A condition that is added to rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) about: About,
    pub(super) source: LogSource,
    pub(super) rules: Vec<String>,
    /// It is about any rule of its log source.
    pub(super) any: bool,
    pub(super) body: Node,
}

impl Document {
    /// Tells what a document is by the part that only its kind has.
    pub(super) fn of(root: &Node) -> Self {
        let about = || About::of(root);
        if root.get("action").and_then(Node::scalar) == Some("global") {
            return Self::Global(root.clone());
        }
        if let Some(body) = root.get("correlation") {
            let kind = text(body, "type").unwrap_or_default();
            return Self::Correlation(Correlation {
                about: about(),
                kind,
                rules: texts(body, "rules"),
                body: body.clone(),
            });
        }
        if let Some(body) = root.get("filter").filter(|body| matches!(body, Node::Map(_))) {
            let rules = texts(body, "rules");
            let any = rules.iter().any(|rule| rule.eq_ignore_ascii_case("any"));
            return Self::Filter(Filter { about: about(), source: log_source(root), rules, any, body: body.clone() });
        }
        match root.get("detection") {
            Some(detection) => {
                let timeframe = text(detection, "timeframe").or_else(|| text(root, "timeframe"));
                Self::Rule(Rule { about: about(), source: log_source(root), detection: detection.clone(), timeframe })
            }
            None => Self::Other,
        }
    }
}

impl About {
    fn of(root: &Node) -> Self {
        Self {
            title: text(root, "title").unwrap_or_default(),
            id: text(root, "id"),
            name: text(root, "name"),
            status: text(root, "status"),
            level: text(root, "level").map(|level| level.to_lowercase()),
            description: text(root, "description"),
            author: text(root, "author")
                .or_else(|| Some(texts(root, "author").join(", ")).filter(|all| !all.is_empty())),
            date: text(root, "date"),
            modified: text(root, "modified"),
            license: text(root, "license"),
            references: texts(root, "references"),
            tags: texts(root, "tags"),
            benign: texts(root, "falsepositives"),
        }
    }

    /// This, with what another says where it says nothing: a correlation with the rule that it counts.
    pub(super) fn or(&self, other: &About) -> About {
        let own = self.clone();
        let either = |own: Vec<String>, other: &[String]| if own.is_empty() { other.to_vec() } else { own };
        About {
            description: own.description.or_else(|| other.description.clone()),
            author: own.author.or_else(|| other.author.clone()),
            references: either(own.references, &other.references),
            tags: either(own.tags, &other.tags),
            benign: either(own.benign, &other.benign),
            ..self.clone()
        }
    }

    /// What correlations and filters may call it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.id.as_deref() == Some(name) || self.name.as_deref() == Some(name)
    }
}

fn log_source(root: &Node) -> LogSource {
    let Some(source) = root.get("logsource") else { return LogSource::default() };
    let part = |name| text(source, name).unwrap_or_default().to_lowercase();
    LogSource { product: part("product"), category: part("category"), service: part("service") }
}

/// A scalar; an empty text is none.
pub(super) fn text(node: &Node, name: &str) -> Option<String> {
    node.get(name).and_then(Node::scalar).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The scalars of a list, or one alone.
pub(super) fn texts(node: &Node, name: &str) -> Vec<String> {
    let items = node.get(name).map(Node::items).unwrap_or_default();
    let texts = items.iter().filter_map(Node::scalar).map(|text| text.trim().to_owned());
    texts.filter(|text| !text.is_empty()).collect()
}
