//! What is asked of the service, the inputs, and the filter itself. Copying has a file of its own.

use super::config::{Config, Kind, Section, size};
use super::{Circumstances, Finding, Level};
use crate::pack::{Compiled, PackError, Packed, SECTIONS, fluent_bit};
use std::io;
use std::path::Path;

/// The functions of a pack.
const FUNCTIONS: [&str; 2] = ["oxpecker_filter", "oxpecker_annotate"];
/// The longest line that CloudTrail and Kubernetes are known to write, with room.
const LONG_LINE: u64 = 1_000_000;

pub(super) fn finding(
    code: &'static str,
    level: Level,
    line: usize,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    Finding { code, level, line, message: message.into(), help: help.into() }
}

pub(super) fn all(config: &Config, circumstances: &Circumstances<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    version(circumstances, &mut findings);
    includes(config, &mut findings);
    tails(config, &mut findings);
    let filters: Vec<&Section> = config.of(Kind::Filter, "wasm").collect();
    processors(config, &mut findings);
    if filters.is_empty() {
        let help = "`oxpecker pack --config fluent-bit` prints a configuration";
        findings.push(finding("no-filter", Level::Error, 0, "there is no wasm filter: nothing is looked at", help));
    }
    for filter in &filters {
        settings(filter, &mut findings);
        paths(filter, circumstances, &mut findings);
        module(filter, circumstances, &mut findings);
        in_the_way(config, filter, &mut findings);
        threads(config, filter, &mut findings);
        heartbeat(config, filter, &mut findings);
    }
    if let [_, second, ..] = filters.as_slice() {
        let help = "one filter for all tags keeps them together";
        let message = "several wasm filters: each keeps windows and counters of its own";
        findings.push(finding("several-filters", Level::Warning, second.line, message, help));
    }
    findings
}

fn version(circumstances: &Circumstances<'_>, findings: &mut Vec<Finding>) {
    let floor = fluent_bit::MINIMUM_VERSION;
    let named = format!("{}.{}.{}", floor.0, floor.1, floor.2);
    match circumstances.version {
        None => findings.push(finding(
            "version-unknown",
            Level::Note,
            0,
            format!("Fluent Bit's version was not looked at; {named} is the oldest that works"),
            "give it: --fluent-bit 5.1.1",
        )),
        Some(version) if version < floor => findings.push(finding(
            "version-too-old",
            Level::Error,
            0,
            "this Fluent Bit makes instances anew for each chunk, or leaks memory at each call",
            format!("use {named} or newer"),
        )),
        Some(_) => {}
    }
}

fn includes(config: &Config, findings: &mut Vec<Finding>) {
    for line in &config.includes {
        findings.push(finding("include", Level::Note, *line, "included files are not read", "check them too"));
    }
}

fn tails(config: &Config, findings: &mut Vec<Finding>) {
    for tail in config.of(Kind::Input, "tail") {
        let most = tail.get("buffer_max_size").map_or(Some(32_000), size).unwrap_or(0);
        if most < LONG_LINE {
            let line = tail.line_of("buffer_max_size");
            let (level, what) = if tail.on("skip_long_lines") {
                (Level::Warning, "skips longer lines")
            } else {
                (Level::Error, "stops reading a file for ever at a longer line")
            };
            let message = format!("tail takes lines of up to {most} bytes, and {what}");
            findings.push(finding("tail-buffer", level, line, message, "Buffer_Max_Size 8MB and Skip_Long_Lines On"));
        } else if !tail.on("skip_long_lines") {
            let message = "tail stops reading a file for ever at a line that is longer than its buffer";
            findings.push(finding("tail-long-lines", Level::Warning, tail.line, message, "Skip_Long_Lines On"));
        }
        if tail.get("parser").is_none() && tail.get("multiline.parser").is_none() {
            let message = "tail has no parser: records hold a line as text, and rules see no fields";
            let help = "Parser oxpecker_json, with `Format json` and no Time_Key in your Parsers_File";
            findings.push(finding("no-parser", Level::Warning, tail.line, message, help));
        }
    }
}

fn processors(config: &Config, findings: &mut Vec<Finding>) {
    for processor in config.of(Kind::Processor, "wasm") {
        let message = "wasm as a processor: where a second thread runs it, every record is dropped";
        let help = "use it under `filters`, on tags of copies";
        findings.push(finding("processor", Level::Error, processor.line, message, help));
    }
}

fn settings(filter: &Section, findings: &mut Vec<Finding>) {
    if filter.get("event_format").is_some_and(|format| !format.eq_ignore_ascii_case("json")) {
        findings.push(finding(
            "msgpack",
            Level::Error,
            filter.line_of("event_format"),
            "in this format Fluent Bit cuts answers at their first zero byte and loses the records behind",
            "Event_Format json",
        ));
    }
    // Fluent Bit takes no smaller stack than its own.
    let stack = filter.get("wasm_stack_size").and_then(size).unwrap_or_default().max(fluent_bit::USUAL_STACK);
    // `64K` is 64,000 bytes there.
    if stack < fluent_bit::STACK / 1024 * 1000 {
        let message = format!("{stack} bytes of stack: a rule that needs more traps, and its record is not looked at");
        let help = format!("Wasm_Stack_Size {}", fluent_bit::STACK);
        findings.push(finding("stack", Level::Warning, filter.line_of("wasm_stack_size"), message, help));
    }
}

/// WAMR opens these folders for every module, also for one that cannot ask for them.
fn paths(filter: &Section, circumstances: &Circumstances<'_>, findings: &mut Vec<Finding>) {
    let paths = filter.get("accessible_paths").unwrap_or_default();
    for path in paths.split(',').map(str::trim).filter(|path| !path.is_empty()) {
        if !circumstances.opened(path).is_dir() {
            let message =
                format!("the folder {path} is not here: without it the filter, and so Fluent Bit, does not start");
            let help = "leave Accessible_Paths out: a pack reads no files";
            findings.push(finding("paths", Level::Warning, filter.line_of("accessible_paths"), message, help));
        }
    }
}

/// The function and the file. A name that is wrong drops every record.
fn module(filter: &Section, circumstances: &Circumstances<'_>, findings: &mut Vec<Finding>) {
    let function = filter.get("function_name").unwrap_or_default();
    if !FUNCTIONS.contains(&function) {
        let message = format!("`{function}` is no function of a pack: every record is dropped");
        let help = format!("Function_Name {}", FUNCTIONS.join(" or "));
        findings.push(finding("function-name", Level::Error, filter.line_of("function_name"), message, help));
    }
    let (line, path) = (filter.line_of("wasm_path"), filter.get("wasm_path").unwrap_or_default());
    if path.is_empty() {
        let message = "the filter names no file: Fluent Bit does not start";
        findings.push(finding("no-path", Level::Error, line, message, "WASM_Path, with the whole path of a pack"));
        return;
    }
    let packed = Packed::from_file(&circumstances.opened(path));
    match &packed {
        Ok((Packed { compiled: Some(code), .. }, _)) | Err(PackError::NoManifest(code)) => {
            compiled(code, circumstances, line, findings);
        }
        _ => {}
    }
    match packed {
        Ok((packed, _)) if FUNCTIONS.contains(&function) && packed.manifest.mode.function() != function => {
            let message = format!("the pack was made for {}", packed.manifest.mode.function());
            let help = "pack it with --mode, or change Function_Name";
            findings.push(finding("other-mode", Level::Warning, filter.line_of("function_name"), message, help));
        }
        Ok(_) => {}
        Err(PackError::Read { source, .. }) => findings.push(unread(path, &source, circumstances, line)),
        Err(PackError::NoManifest(_)) => {
            let message =
                format!("{path} is compiled ahead of time without the pack's manifest: for what is not known");
            let help = format!("compile it with --emit-custom-sections={}", SECTIONS.join(","));
            findings.push(finding("no-manifest", Level::Note, line, message, help));
        }
        Err(error @ PackError::Newer { .. }) => {
            let help = "look at it with the oxpecker that made it";
            findings.push(finding("later-pack", Level::Note, line, format!("{path}: {error}"), help));
        }
        Err(error) => {
            let help = "make one with `oxpecker pack`";
            findings.push(finding("no-pack", Level::Error, line, format!("{path}: {error}"), help));
        }
    }
}

/// A pack that cannot be read here. It may lie on another machine, but a relative path means something else to Fluent Bit
/// than to those who write it beside the configuration.
fn unread(path: &str, source: &io::Error, circumstances: &Circumstances<'_>, line: usize) -> Finding {
    if source.kind() != io::ErrorKind::NotFound {
        let message = format!("{path} cannot be read here: {source}");
        return finding("no-file", Level::Note, line, message, "run this as one who may read it");
    }
    if Path::new(path).is_absolute() {
        let message = format!("{path} is not here: Fluent Bit does not start without it");
        return finding("no-file", Level::Note, line, message, "run this where the pack is");
    }
    let message = format!(
        "{path} is not in the working directory, from which Fluent Bit takes it wherever its configuration is: it does not start"
    );
    let beside = circumstances.beside.is_some_and(|folder| folder.join(path).is_file());
    let help = match beside {
        true => "write the whole path: the file is beside the configuration",
        false => "write the whole path, or run this where Fluent Bit is started",
    };
    finding("no-file", Level::Warning, line, message, help)
}

/// Machine code: WAMR refuses what is not of its own format and processor, and Fluent Bit then does not start.
fn compiled(code: &Compiled, circumstances: &Circumstances<'_>, line: usize, findings: &mut Vec<Finding>) {
    if code.simd {
        let message = "the code needs SIMD, which Fluent Bit's runtime has not: Fluent Bit does not start";
        findings.push(finding("aot-simd", Level::Error, line, message, "compile the pack with --disable-simd"));
    }
    let (last, format) = fluent_bit::AOT_FORMAT;
    if code.format != format {
        let known = circumstances.version.is_some_and(|version| version <= last);
        let level = if known { Level::Error } else { Level::Warning };
        let message = format!(
            "the code is of AOT format {}, and Fluent Bit up to {}.{}.{} loads {format}: it does not start",
            code.format, last.0, last.1, last.2
        );
        let help = "compile the pack with the compiler of Fluent Bit's own WAMR";
        findings.push(finding("aot-format", level, line, message, help));
    }
    if code.format == format && circumstances.version.is_some_and(|version| version > last) {
        let message = format!(
            "the code is of AOT format {format}, which Fluent Bit up to {}.{}.{} loads; a later one may load another, and then \
             does not start",
            last.0, last.1, last.2
        );
        let help = "compile the pack with the compiler of Fluent Bit's own WAMR, and try it before it is rolled out";
        findings.push(finding("aot-format", Level::Note, line, message, help));
    }
    let message = format!(
        "the code is for {}: on another processor Fluent Bit does not start, and on an older one of these it may be killed",
        code.target
    );
    let help = "compile the pack with --cpu for the oldest machine that it runs on, such as --cpu=x86-64";
    findings.push(finding("aot-processor", Level::Note, line, message, help));
}

/// The filter for copies on the stream itself would drop the log.
fn in_the_way(config: &Config, filter: &Section, findings: &mut Vec<Finding>) {
    let taken: Vec<&str> = tags(config).filter(|tag| filter.takes(tag) == Some(true)).collect();
    let Some(tag) = taken.first() else { return };
    if filter.get("function_name") == Some("oxpecker_filter") {
        let message =
            format!("oxpecker_filter takes records of `{tag}` themselves: those without an alert are dropped");
        let help = format!("Match {}* and copy records with rewrite_tag", fluent_bit::COPY_PREFIX);
        findings.push(finding("drops-the-log", Level::Error, filter.line_of("match"), message, help));
    } else {
        let message = "the module stands in the way of the log: a record that it fails on is dropped";
        let help = "alerts from a copy of the stream cannot do that: `oxpecker pack --config fluent-bit`";
        findings.push(finding("in-the-way", Level::Warning, filter.line_of("match"), message, help));
    }
}

/// The tags of inputs, but for the heartbeat's.
fn tags(config: &Config) -> impl Iterator<Item = &str> {
    let tags = config.of(Kind::Input, "").filter_map(|input| input.get("tag"));
    tags.filter(|tag| *tag != fluent_bit::HEARTBEAT_TAG)
}

fn threads(config: &Config, filter: &Section, findings: &mut Vec<Finding>) {
    for input in config.of(Kind::Input, "").filter(|input| input.on("threaded")) {
        let tag = input.get("tag").unwrap_or_default();
        if filter.takes(tag) != Some(false) {
            let message = "a threaded input runs the wasm filter in its own thread: a second one drops every record";
            let help = "Threaded Off, or let the filter take copies only: the emitter has no thread of its own";
            findings.push(finding("threaded", Level::Error, input.line_of("threaded"), message, help));
        }
    }
}

fn heartbeat(config: &Config, filter: &Section, findings: &mut Vec<Finding>) {
    let tag = fluent_bit::HEARTBEAT_TAG;
    let ticks = config.of(Kind::Input, "dummy").any(|input| input.get("tag") == Some(tag));
    if !ticks || filter.takes(tag) == Some(false) {
        let message =
            "no heartbeat reaches the filter: that it fails would not be seen, and quiet nodes keep windows open";
        let help = format!("an input `dummy` with Tag {tag} and Interval_Sec 60, and a filter that matches it");
        findings.push(finding("no-heartbeat", Level::Warning, filter.line, message, help));
    } else if !config.of(Kind::Output, "").any(|output| output.takes(tag) != Some(false)) {
        let message = "heartbeats go nowhere";
        let help = format!("an output with Match {tag}");
        findings.push(finding("heartbeat-output", Level::Warning, filter.line, message, help));
    }
}
