//! The files of mappings, as `engine/mappings/README.md` describes them, from YAML to tables.

use super::{Condition, Draw, Mapping, Path, Source, Table, Test};
use crate::event::path::steps_of;
use crate::rule::yaml::{self, Kind, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tables by their names.
pub(super) type Tables = BTreeMap<String, Arc<Table>>;

/// What is wrong with a file.
type Read<T> = Result<T, String>;

/// Reads the tables that a file has.
pub(super) fn tables(text: &str) -> Read<Tables> {
    tables_in(&root(text)?)
}

/// Reads the file of a producer; `shared` are tables that it may use beside its own.
pub(super) fn mapping(text: &str, shared: &Tables) -> Read<Mapping> {
    let root = root(text)?;
    let mut tables = shared.clone();
    tables.extend(tables_in(&root)?);
    let under = member(&root, "under").map_or_else(|| Ok(Vec::new()), texts)?;
    let reader = Reader { tables, under };
    let needed = |name: &str| member(&root, name).ok_or_else(|| format!("`{name}:` is missing"));
    let paths = |name: &str| member(&root, name).map_or_else(|| Ok(Vec::new()), texts);
    let path = |text: String| steps_of(&text);
    Ok(Mapping {
        name: text_of(needed("mapping")?)?.to_owned(),
        when: reader.when(needed("when")?)?,
        event_type: reader.sources(needed("event_type")?)?,
        time: paths("time")?.into_iter().map(path).collect(),
        id: paths("id")?.into_iter().map(path).collect(),
        keys: members(needed("keys")?)?
            .iter()
            .map(|(key, sources)| Ok((steps_of(text_of(key)?), reader.sources(sources)?)))
            .collect::<Read<_>>()?,
    })
}

/// What a file says of all its paths.
struct Reader {
    tables: Tables,
    /// What `*` stands for.
    under: Vec<String>,
}

impl Reader {
    fn when(&self, node: &Node) -> Read<Vec<Vec<Condition>>> {
        let mut all = Vec::new();
        for entry in items(node) {
            for under in self.meant(entry) {
                all.push(conditions(entry, under)?);
            }
        }
        Ok(all)
    }

    fn sources(&self, node: &Node) -> Read<Vec<Source>> {
        let mut all = Vec::new();
        for source in items(node) {
            for under in self.meant(source) {
                all.push(self.source(source, under)?);
            }
        }
        Ok(all)
    }

    /// What `*` stands for in a node, one after the other; once the empty text where it has none.
    fn meant(&self, node: &Node) -> Vec<&str> {
        if has_star(node) { self.under.iter().map(String::as_str).collect() } else { vec![""] }
    }

    fn source(&self, node: &Node, under: &str) -> Read<Source> {
        let Kind::Map(parts) = &node.kind else {
            return Ok(Source { draw: Draw::Path(path(node, under)?), only_if: Vec::new(), tables: Vec::new() });
        };
        let (mut draw, mut only_if, mut tables) = (None, Vec::new(), Vec::new());
        for (name, value) in parts {
            match text_of(name)? {
                "text" => draw = Some(Draw::Text(text_of(value)?.to_owned())),
                "path" => draw = Some(Draw::Path(path(value, under)?)),
                "last" => draw = Some(Draw::Last(path(value, under)?)),
                "join" => {
                    draw = Some(Draw::Join(items(value).iter().map(|one| path(one, under)).collect::<Read<_>>()?));
                }
                "if" => only_if = conditions(value, under)?,
                "table" => tables = items(value).iter().map(|name| self.table(name)).collect::<Read<_>>()?,
                other => return Err(format!("a source has no `{other}`")),
            }
        }
        Ok(Source { draw: draw.ok_or("a source takes nothing")?, only_if, tables })
    }

    fn table(&self, name: &Node) -> Read<Arc<Table>> {
        let name = text_of(name)?;
        self.tables.get(name).cloned().ok_or_else(|| format!("there is no table `{name}`"))
    }
}

fn root(text: &str) -> Read<Node> {
    yaml::read(text).map_err(|problem| format!("{problem:?}"))?.ok_or_else(|| "the file is empty".to_owned())
}

fn tables_in(root: &Node) -> Read<Tables> {
    member(root, "tables").map_or_else(|| Ok(Tables::new()), tables_of)
}

fn tables_of(node: &Node) -> Read<Tables> {
    let table = |(name, rows): &(Node, Node)| Ok((text_of(name)?.to_owned(), Arc::new(table(rows)?)));
    members(node)?.iter().map(table).collect()
}

/// A map, or a text with a row a line: hundreds of rows are read at every start, and so cost a fraction.
fn table(rows: &Node) -> Read<Table> {
    let row = |line: &str| {
        let (from, to) = line.split_once(": ").ok_or_else(|| format!("`{line}` for a row"))?;
        Ok((from.to_owned(), to.to_owned()))
    };
    match rows.scalar() {
        Some(lines) => lines.lines().map(row).collect(),
        None => {
            members(rows)?.iter().map(|(from, to)| Ok((text_of(from)?.to_owned(), text_of(to)?.to_owned()))).collect()
        }
    }
}

fn conditions(node: &Node, under: &str) -> Read<Vec<Condition>> {
    let condition = |(of, asked): &(Node, Node)| Ok(Condition { path: path(of, under)?, test: test(asked)? });
    members(node)?.iter().map(condition).collect()
}

fn test(node: &Node) -> Read<Test> {
    match &node.kind {
        Kind::Bool(true) => Ok(Test::Present),
        Kind::Map(parts) => match parts.as_slice() {
            [(name, value)] if name.scalar() == Some("starts_with") => Ok(Test::StartsWith(text_of(value)?.to_owned())),
            [(name, value)] if name.scalar() == Some("not") => texts(value).map(Test::NoneOf),
            _ => Err("a condition is `true`, texts, `{starts_with: …}` or `{not: […]}`".to_owned()),
        },
        _ => texts(node).map(Test::OneOf),
    }
}

fn path(node: &Node, under: &str) -> Read<Path> {
    let text = text_of(node)?;
    Ok(text.strip_prefix("*.").map_or_else(|| steps_of(text), |rest| steps_of(&format!("{under}.{rest}"))))
}

fn has_star(node: &Node) -> bool {
    match &node.kind {
        Kind::Map(members) => members.iter().any(|(name, value)| has_star(name) || has_star(value)),
        Kind::List(items) => items.iter().any(has_star),
        _ => node.scalar().is_some_and(|text| text.starts_with("*.")),
    }
}

/// The items of a list; of anything else itself.
fn items(node: &Node) -> &[Node] {
    if let Kind::List(items) = &node.kind { items } else { std::slice::from_ref(node) }
}

fn members(node: &Node) -> Read<&[(Node, Node)]> {
    if let Kind::Map(members) = &node.kind { Ok(members) } else { Err(format!("{} for a map", node.describe())) }
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    members(node).ok()?.iter().find(|(key, _)| key.scalar() == Some(name)).map(|(_, value)| value)
}

fn texts(node: &Node) -> Read<Vec<String>> {
    items(node).iter().map(|item| text_of(item).map(str::to_owned)).collect()
}

fn text_of(node: &Node) -> Read<&str> {
    node.scalar().ok_or_else(|| format!("{} for a text", node.describe()))
}
