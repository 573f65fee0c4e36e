//! Each finding on the configuration that a pack comes with, changed so that it applies; and none on it as it is.

use super::*;
use crate::pack::fluent_bit::{Format, configuration, mark};
use crate::pack::{Manifest, Mode, SECTIONS, compiled_file};

/// The printed configuration, with an input.
fn printed(format: Format) -> String {
    let manifest = Manifest::example(Mode::Alerts);
    let text = configuration(&manifest, "/nonexistent/detect.wasm", "logs.*", format);
    let (end, example, uncommented, line, plain) = match format {
        Format::Classic => ("# 1.", "#[INPUT]\n#", "[INPUT]\n ", "\n#    ", "\n    "),
        Format::Yaml => ("    # Once a minute", "    # - name: tail", "    - name: tail", "    #   ", "      "),
    };
    let (inputs, rest) = text.split_once(end).unwrap();
    format!("{}{end}{rest}", inputs.replace(example, uncommented).replace(line, plain))
}

fn found(text: &str) -> Vec<&'static str> {
    let config = read(text).unwrap();
    let circumstances = Circumstances { version: Some((5, 1, 1)), ..Circumstances::default() };
    examine(&config, &circumstances).into_iter().filter(|f| f.code != "no-file").map(|f| f.code).collect()
}

#[test]
fn the_printed_configurations_are_sound() {
    for format in [Format::Classic, Format::Yaml] {
        let text = printed(format);
        assert!(read(&text).unwrap().of(Kind::Input, "tail").count() == 1, "{text}");
        assert_eq!(found(&text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn each_change_for_the_worse_is_found() {
    let (text, mark) = (printed(Format::Classic), mark(&Manifest::example(Mode::Alerts)));
    let last_rule = format!("    Rule    ${mark}  ^1$  oxpecker.copy.unclaimed.$TAG  true\n");
    let mark_off = format!("    Match   oxpecker.copy.*\n    Remove  {mark}\n");
    for (from, to, code) in [
        ("Event_Format     json", "Event_Format     msgpack", "msgpack"),
        ("Function_Name    oxpecker_filter", "Function_Name    oxpecker", "function-name"),
        ("    Wasm_Stack_Size  65536\n", "", "stack"),
        ("    Event_Format     json", "    Accessible_Paths /nonexistent", "paths"),
        ("Match            oxpecker.*", "Match            *", "drops-the-log"),
        ("Match            oxpecker.*", "Match            oxpecker.copy.*", "no-heartbeat"),
        (last_rule.as_str(), "", "keyless"),
        ("    Set     __oxpecker", "    Add     __oxpecker", "mark-kept"),
        ("$eventVersion  ^\\d  oxpecker.copy.$TAG  true", "$eventVersion  ^\\d  oxpecker.copy.$TAG  false", "not-kept"),
        ("    Emitter_Mem_Buf_Limit  64MB\n", "", "emitter-limit"),
        ("    Emitter_Storage.type   filesystem\n", "", "emitter-memory"),
        ("    storage.path  /var/lib/fluent-bit/oxpecker\n", "", "no-storage"),
        ("    Buffer_Max_Size   8MB\n", "", "tail-buffer"),
        ("    Skip_Long_Lines   On\n", "", "tail-long-lines"),
        ("    Parser            oxpecker_json\n", "", "no-parser"),
        ("    Name             wasm", "    Name             lua", "no-filter"),
        ("    Match   oxpecker.copy.*\n    Format", "    Match   elsewhere\n    Format", "alerts-output"),
        ("    Match   oxpecker.heartbeat\n    Format", "    Match   elsewhere\n    Format", "heartbeat-output"),
        (mark_off.as_str(), "", "mark-stays"),
        ("Name    rewrite_tag", "Name    grep", "no-copies"),
        ("[SERVICE]", "@INCLUDE other.conf\n[SERVICE]", "include"),
        (
            "# 6.",
            "[FILTER]\n    Name wasm\n    Function_Name oxpecker_filter\n    Match oxpecker.copy.b\n# 6.",
            "several-filters",
        ),
    ] {
        let worse = text.replace(from, to);
        assert_ne!(worse, text, "{from}");
        assert!(found(&worse).contains(&code), "{code}: {:?}", found(&worse));
    }
    assert!(found(&text.replace("    Match   logs.*\n    #", "    Match   *\n    #")).contains(&"endless"));
}

#[test]
fn a_small_stack_is_told_as_what_fluent_bit_makes_of_it() {
    let told = |size: &str| {
        let config = read(&printed(Format::Classic).replace("Wasm_Stack_Size  65536", size)).unwrap();
        let findings = examine(&config, &Circumstances { version: Some((5, 1, 1)), ..Circumstances::default() });
        let stack = findings.into_iter().find(|finding| finding.code == "stack");
        stack.map(|finding| finding.message.split(':').next().unwrap_or_default().to_owned())
    };
    assert_eq!((told("Wasm_Stack_Size  65536"), told("Wasm_Stack_Size  64K")), (None, None));
    assert_eq!(told("Wasm_Stack_Size  32768").as_deref(), Some("32768 bytes of stack"));
    for size in ["Wasm_Stack_Size  100", "Wasm_Stack_Size  much", ""] {
        assert_eq!(told(size).as_deref(), Some("8192 bytes of stack"), "{size}");
    }
}

#[test]
fn threads_and_processors_are_found() {
    let text = printed(Format::Yaml);
    let threaded = text.replace("tag: logs.cloudtrail", "tag: oxpecker.copy.x\n      threaded: on");
    assert!(found(&threaded).contains(&"threaded"), "{threaded}");
    assert!(!found(&text.replace("tag: logs.cloudtrail", "tag: logs.x\n      threaded: on")).contains(&"threaded"));
    let processor = "    - name: stdout\n      processors:\n        logs:\n          - name: wasm\n      match: '";
    assert!(found(&text.replacen("    - name: stdout\n      match: '", processor, 1)).contains(&"processor"));
}

#[test]
fn old_versions_are_found_and_unknown_ones_are_said_to_be() {
    let config = read(&printed(Format::Classic)).unwrap();
    let code = |version| examine(&config, &Circumstances { version, ..Circumstances::default() })[0].code;
    assert_eq!(code(Some((4, 1, 9))), "version-too-old");
    assert!(examine(&config, &Circumstances::default()).iter().any(|finding| finding.code == "version-unknown"));
}

/// What is found where the filter's file holds these bytes.
fn found_in(file: &[u8], version: Option<(u32, u32, u32)>) -> Vec<(&'static str, Level)> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("detect.aot"), file).unwrap();
    let text = printed(Format::Classic).replace("/nonexistent/detect.wasm", "detect.aot");
    let circumstances = Circumstances { version, working: Some(folder.path()), beside: None };
    examine(&read(&text).unwrap(), &circumstances).into_iter().map(|finding| (finding.code, finding.level)).collect()
}

#[test]
fn a_compiled_pack_is_looked_at_as_far_as_it_can_be() {
    let manifest = |mode| serde_json::to_vec(&Manifest::example(mode)).unwrap();
    let (filters, annotates) = (manifest(Mode::Alerts), manifest(Mode::Annotate));
    let (known, later) = (Some((5, 1, 1)), Some((5, 2, 0)));
    let processor = ("aot-processor", Level::Note);
    assert_eq!(found_in(&compiled_file(5, false, &[(SECTIONS[0], &filters)]), known), [processor]);
    for (format, simd, customs, version, expected) in [
        (5, false, &[(SECTIONS[0], annotates.as_slice())][..], known, ("other-mode", Level::Warning)),
        (5, true, &[(SECTIONS[0], &filters)], known, ("aot-simd", Level::Error)),
        (6, false, &[(SECTIONS[0], &filters)], known, ("aot-format", Level::Error)),
        (6, false, &[(SECTIONS[0], &filters)], later, ("aot-format", Level::Warning)),
        (5, false, &[(SECTIONS[0], &filters)], later, ("aot-format", Level::Note)),
        (5, false, &[], known, ("no-manifest", Level::Note)),
    ] {
        let mut found = found_in(&compiled_file(format, simd, customs), version);
        found.retain(|finding| *finding != processor);
        assert_eq!(found, [expected]);
    }
    assert_eq!(found_in(b"\0aot\x05\0\0\0", known), [("no-pack", Level::Error)]);
}

#[test]
fn a_relative_path_is_taken_from_the_working_directory() {
    let (working, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = |path: &str| read(&printed(Format::Classic).replace("/nonexistent/detect.wasm", path)).unwrap();
    let circumstances =
        Circumstances { version: Some((5, 1, 1)), working: Some(working.path()), beside: Some(beside.path()) };
    let found = |path: &str| match examine(&config(path), &circumstances).as_slice() {
        [one] => (one.code, one.level, one.help.clone()),
        more => panic!("{more:?}"),
    };
    let help = |beside| {
        if beside {
            "write the whole path: the file is beside the configuration"
        } else {
            "write the whole path, or run this where Fluent Bit is started"
        }
    };
    assert_eq!(found("detect.aot"), ("no-file", Level::Warning, help(false).to_owned()));
    std::fs::write(beside.path().join("detect.aot"), b"").unwrap();
    assert_eq!(found("detect.aot"), ("no-file", Level::Warning, help(true).to_owned()));
    std::fs::write(working.path().join("detect.aot"), b"").unwrap();
    assert_eq!(found("detect.aot").0, "no-pack");
    assert_eq!(found("/nonexistent/detect.wasm"), ("no-file", Level::Note, "run this where the pack is".to_owned()));
    assert_eq!((found("").0, found(".").0), ("no-path", "no-file"));
}

#[test]
fn what_is_no_configuration_is_an_error() {
    assert!(read("").is_err());
    assert!(read("a: [").is_err());
    assert!(read(&"[".repeat(100)).is_ok_and(|config| config.sections.is_empty()) || read(&"[".repeat(100)).is_err());
    assert!(read("- - - x").is_ok());
}
