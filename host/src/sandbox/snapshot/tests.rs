use super::*;
use crate::sandbox::{Batch, Detections, Document, LoadRequest, Rejected, Worker};

#[test]
fn an_image_is_the_memory_without_its_zeros() {
    let mut memory = vec![0; 4 * PAGE];
    memory[PAGE + 5] = 7;
    memory[3 * PAGE..].fill(1);
    let image = Image::of(&memory).unwrap();
    assert_eq!((image.pages, image.kept.as_slice(), image.filled().len()), (4, [1, 3].as_slice(), 2 * PAGE));
    // What a fresh instance has in its first pages gives way, zeros too.
    let mut other = vec![0; 4 * PAGE];
    other[..2 * PAGE].fill(9);
    image.write(&mut other, 2 * PAGE);
    assert!(other == memory);
}

#[test]
fn files_say_what_was_kept_and_damage_says_nothing() {
    let mut memory = vec![0; 3 * PAGE];
    memory[2 * PAGE] = 1;
    let report = LoadReport { rules: 1, rule_ids: vec!["a".into()], ..LoadReport::default() };
    let snapshot = Snapshot { request: Vec::new(), image: Image::of(&memory).unwrap(), report };
    let mut file = b"before".to_vec();
    file.extend(head(&snapshot).unwrap());
    file.extend_from_slice(snapshot.image.filled());
    let (image, report) = decode(file.clone(), 6).unwrap();
    assert_eq!((image.pages, image.kept.as_slice(), report), (3, [2].as_slice(), snapshot.report.clone()));
    assert!(image.filled() == snapshot.image.filled());
    assert!(decode(file[..file.len() - 1].to_vec(), 6).is_none());
    assert!(decode(file.clone(), 5).is_none());
    // A page beyond the memory.
    file[14] = 2;
    assert!(decode(file, 6).is_none());
}

#[test]
fn only_an_operators_secret_keeps_rules_from_the_disk() {
    assert!(holds_secret(br#"{"documents":[],"options":{"redaction_secret":"s"}}"#));
    assert!(!holds_secret(br#"{"documents":[{"name":"a","text":"a redaction_secret b"}]}"#));
}

fn request(rules: usize) -> LoadRequest {
    let rule = |n: usize| {
        format!(
            "  - id: r{n}\n    name: N\n    title: T {{{{x}}}}\n    type: CloudTrail\n    severity: 3\n    \
             description: D\n    filter: x = {n} or y contains \"a{n}b\"\n    aggregate: [x]\n"
        )
    };
    let text = format!("rules:\n{}", (0..rules).map(rule).collect::<String>());
    LoadRequest { documents: vec![Document { name: "t.yaml".into(), text }], ..LoadRequest::default() }
}

fn events() -> Batch {
    let mut batch = Batch::new();
    for n in 0..300 {
        batch.push(format!("{{\"x\":{n},\"y\":\"__a{}b\",\"eventName\":\"e\"}}", n * 7 % 150).as_bytes()).unwrap();
    }
    batch.push(b"{\"x\":").unwrap();
    batch
}

/// Skipped where the module was not built.
fn shipped() -> Option<Module> {
    Module::shipped_with(None).ok()
}

/// All that detection found.
fn told(found: &mut Detections) -> (u64, u64, Vec<Rejected>, Vec<u8>) {
    (found.evaluated, found.undecided, found.rejected.clone(), found.records.read().unwrap())
}

#[test]
fn copies_answer_as_the_one_that_loaded_the_rules() {
    let Some(module) = shipped() else { return };
    let request = request(150);
    let (mut loaded, report) = Worker::new(&module, &Limits::default(), &request).unwrap();
    // Copied before and after the first one has worked.
    let (mut early, same) = Worker::new(&module, &Limits::default(), &request).unwrap();
    let mut first = loaded.detect(&events(), 0).unwrap();
    let (mut late, _) = Worker::new(&module, &Limits::default(), &request).unwrap();
    assert_eq!((report.rules, &report), (150, &same));
    assert!(!first.records.is_empty() && first.rejected.len() == 1);
    let first = told(&mut first);
    for copy in [&mut early, &mut late] {
        assert_eq!(told(&mut copy.detect(&events(), 0).unwrap()), first);
        assert_eq!(copy.evaluate(&events()).unwrap(), loaded.evaluate(&events()).unwrap());
    }
    // Other rules are no copy of these.
    let (_, other) = Worker::new(&module, &Limits::default(), &self::request(3)).unwrap();
    assert_eq!(other.rules, 3);
}

#[test]
fn rules_come_back_from_the_disk_and_damage_is_mended() {
    let Some(module) = shipped() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::at(folder.path().join("cache"));
    let module = module.caching_rules(Some(cache.clone()));
    let text = serde_json::to_vec(&request(100)).unwrap();
    let mut first = start(&module, &Limits::default(), &text).unwrap();
    let snapshot = first.snapshot.take().unwrap();
    keep(&module, &snapshot);
    drop(snapshot);
    if cfg!(not(unix)) {
        return;
    }
    let kept = cached(&module, &text).expect("it was kept");
    assert_eq!(kept.report, first.report);
    let mut copy = copy(&module, &Limits::default(), Arc::new(kept)).unwrap();
    let [mut of_copy, mut of_first] = [&mut copy, &mut first].map(|one| one.sandbox.detect(&events(), 0).unwrap());
    assert_eq!(told(&mut of_copy), told(&mut of_first));
    let path = std::fs::read_dir(folder.path().join("cache")).unwrap().next().unwrap().unwrap().path();
    let mut file = std::fs::read(&path).unwrap();
    let last = file.len() - 1;
    file[last] ^= 1;
    std::fs::write(&path, &file).unwrap();
    assert!(cached(&module, &text).is_none());
    assert_eq!(start(&module, &Limits::default(), &text).unwrap().report, first.report);
    assert!(cached(&module, b"{}").is_none());
}

#[test]
fn a_replaced_instance_is_a_copy_too() {
    let Some(module) = shipped() else { return };
    let request = request(50);
    let (mut worker, _) = Worker::new(&module, &Limits::default(), &request).unwrap();
    let mut before = worker.detect(&events(), 0).unwrap();
    worker.lose_instance();
    assert_eq!(told(&mut worker.detect(&events(), 0).unwrap()), told(&mut before));
    assert_eq!(worker.replaced(), 1);
}

/// The invariant that copying rests on, read from the code of the modules themselves.
#[test]
fn nothing_but_linear_memory_changes_in_the_modules() {
    use wasmparser::{Operator, Parser, Payload};
    for wasm in crate::sandbox::module::embedded_modules() {
        let (mut globals, mut tables) = (0, 0);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.unwrap() {
                Payload::ImportSection(imports) => assert_eq!(imports.count(), 0),
                Payload::GlobalSection(section) => {
                    globals += section.into_iter().filter(|global| global.as_ref().unwrap().ty.mutable).count();
                }
                Payload::ExportSection(exports) => {
                    let is_table = |export: &wasmparser::Export<'_>| export.kind == wasmparser::ExternalKind::Table;
                    tables += exports.into_iter().filter(|export| is_table(export.as_ref().unwrap())).count();
                }
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader().unwrap() {
                        let operator = operator.unwrap();
                        let changes_more = matches!(
                            operator,
                            Operator::TableSet { .. }
                                | Operator::TableGrow { .. }
                                | Operator::TableFill { .. }
                                | Operator::TableCopy { .. }
                                | Operator::TableInit { .. }
                                | Operator::ElemDrop { .. }
                                | Operator::DataDrop { .. }
                                | Operator::MemoryInit { .. }
                        );
                        assert!(!changes_more, "{operator:?}");
                    }
                }
                _ => {}
            }
        }
        assert_eq!((globals, tables), (1, 0), "the stack pointer, and no table that a host could write to");
    }
}
