//! The files are sound, so that no producer is missing at run time.

use super::{FILES, TABLES, all, read};
use crate::event::Shape;
use crate::language::vocabulary;
use std::collections::BTreeSet;

#[test]
fn every_file_is_read() {
    let shared = read::tables(TABLES).unwrap();
    for (name, text) in FILES {
        let mapping = read::mapping(text, &shared).unwrap_or_else(|problem| panic!("{name}.yaml: {problem}"));
        assert_eq!(mapping.name, name);
        assert!(!mapping.when.is_empty() && !mapping.keys.is_empty() && !mapping.time.is_empty(), "{name}");
        assert!(mapping.when.iter().all(|all| !all.is_empty()), "{name} claims events that have nothing of it");
        assert!(text.contains("\ndocumentation:\n  - https://"), "{name}.yaml names no source of its shape");
    }
    assert_eq!(all().len(), FILES.len());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter(|name| name.ends_with(".yaml") && name != "tables.yaml").collect();
    assert_eq!(files, FILES.map(|(name, _)| format!("{name}.yaml")).into(), "a file nobody reads");
}

#[test]
fn every_key_is_published_and_no_type_is_cloudtrails() {
    for mapping in all() {
        for (key, sources) in &mapping.keys {
            let text = crate::language::expr::Key { span: crate::Span::default(), steps: key.clone() }.to_string();
            assert!(vocabulary::is_known(text.split(['.', '[']).next().unwrap()), "{}: {text}", mapping.name);
            assert!(!sources.is_empty() && text != "event_type", "{}: {text}", mapping.name);
            assert_eq!(mapping.keys.iter().filter(|(other, _)| other == key).count(), 1, "{}: {text}", mapping.name);
        }
        for source in &mapping.event_type {
            let constant = match &source.draw {
                super::Draw::Text(text) => vec![text.as_str()],
                _ => source.tables.last().expect("a look-up").values().map(String::as_str).collect(),
            };
            assert!(!constant.into_iter().any(Shape::is_cloudtrail_type), "{}", mapping.name);
        }
    }
}

/// Some filter of the corpus asks for each key, on events of the producer.
#[test]
fn the_corpus_asks_for_every_key() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/mappings.md")).unwrap();
    for mapping in all() {
        let file = root.join(format!("tests/conformance/mapping-{}.txt", mapping.name));
        let text = std::fs::read_to_string(file).unwrap();
        let filters: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("filter: ")).collect();
        let section = page.split(&format!("<a id=\"{}\"></a>", mapping.name)).nth(1).unwrap_or_default();
        let section = section.split("<a id=").next().unwrap_or_default();
        for (key, _) in &mapping.keys {
            let key = crate::language::expr::Key { span: crate::Span::default(), steps: key.clone() }.to_string();
            let asks = |filter: &str| filter.split([' ', '(', ')']).any(|word| word == key);
            assert!(filters.iter().any(|filter| asks(filter)), "{}: no case asks for {key}", mapping.name);
            assert!(section.contains(&format!("| `{key}` |")), "docs/mappings.md: {} has no {key}", mapping.name);
        }
    }
}

/// Who writes a producer's own paths is not warned.
#[test]
fn what_a_mapping_reads_is_published() {
    for mapping in all() {
        let sources = mapping.keys.iter().flat_map(|(_, sources)| sources).chain(&mapping.event_type);
        let conditions = mapping.when.iter().flatten().map(|condition| &condition.path);
        for path in sources.flat_map(super::Source::paths).chain(conditions).chain(&mapping.time) {
            let Some(crate::language::expr::Step::Name(first)) = path.first() else { panic!("{path:?}") };
            assert!(vocabulary::is_known(first), "{}: {first}", mapping.name);
        }
    }
}

#[test]
fn what_is_no_mapping_is_told() {
    let shared = read::tables(TABLES).unwrap();
    let head = "mapping: x\nwhen: {a: true}\nevent_type: {text: x}\n";
    for (text, problem) in [
        ("mapping: x\n", "`when:` is missing"),
        ("- x\n", "is missing"),
        ("", "the file is empty"),
        (&format!("{head}keys: x\n"), "a text for a map"),
        (&format!("{head}keys: {{a: {{b: c}}}}\n"), "a source has no `b`"),
        (&format!("{head}keys: {{a: {{table: users}}}}\n"), "a source takes nothing"),
        (&format!("{head}keys: {{a: {{path: b, table: none}}}}\n"), "there is no table `none`"),
        (&format!("{head}keys: {{a: {{path: b, if: {{c: {{d: e}}}}}}}}\n"), "a condition is"),
        (&format!("{head}keys: {{a: [[b]]}}\n"), "a list for a text"),
    ] {
        let found = read::mapping(text, &shared).expect_err(text);
        assert!(found.contains(problem), "{text}: {found}");
    }
}
