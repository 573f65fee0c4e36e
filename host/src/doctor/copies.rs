//! What is asked of the filters that copy records: that they copy all of them, once, and lose none.

use super::checks::finding;
use super::config::{Config, Kind, Property, Section, matches, size};
use super::{Finding, Level};
use crate::pack::fluent_bit;

/// The emitter's limit where none is set.
const EMITTER_DEFAULT: u64 = 10_000_000;
/// Below this a burst of a second fills it.
const EMITTER_LEAST: u64 = 32_000_000;

/// `Rule  KEY  REGEX  NEW_TAG  KEEP`
struct Rule<'c> {
    property: &'c Property,
    key: &'c str,
    expression: &'c str,
    tag: &'c str,
    keep: &'c str,
}

impl<'c> Rule<'c> {
    fn read(property: &'c Property) -> Option<Self> {
        let parts: Vec<&str> = property.value.split_whitespace().collect();
        let [key, expression, tag, keep] = parts.as_slice() else { return None };
        Some(Self { property, key, expression, tag, keep })
    }

    /// The tag of a copy, for a record of some tag.
    fn copy_of(&self, tag: &str) -> String {
        self.tag.replace("$TAG", tag)
    }
}

pub(super) fn all(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let alerts_only = |filter: &&Section| filter.get("function_name") == Some("oxpecker_filter");
    let Some(filter) = config.of(Kind::Filter, "wasm").find(alerts_only) else { return findings };
    let mut copying = false;
    for copier in config.of(Kind::Filter, "rewrite_tag") {
        let rules: Vec<Rule<'_>> = copier.all("rule").filter_map(Rule::read).collect();
        let ours = |rule: &&Rule<'_>| filter.takes(&rule.copy_of("x")) == Some(true);
        if !rules.iter().any(|rule| ours(&rule)) {
            continue;
        }
        copying = true;
        rules.iter().filter(ours).for_each(|rule| each_rule(copier, rule, &mut findings));
        catch_all(config, copier, &rules, &mut findings);
        emitter(config, copier, &mut findings);
    }
    if !copying {
        let message = "nothing copies records to the tags that the filter takes";
        let help = "a rewrite_tag filter, as `oxpecker pack --config fluent-bit` prints it";
        findings.push(finding("no-copies", Level::Error, filter.line, message, help));
    }
    let alerts = format!("{}x", fluent_bit::COPY_PREFIX);
    if copying && !config.of(Kind::Output, "").any(|output| output.takes(&alerts) != Some(false)) {
        let help = format!("an output with Match {}*", fluent_bit::COPY_PREFIX);
        findings.push(finding("alerts-output", Level::Error, filter.line, "alerts go nowhere", help));
    }
    findings
}

fn each_rule(copier: &Section, rule: &Rule<'_>, findings: &mut Vec<Finding>) {
    let line = rule.property.line;
    if !["true", "on", "yes"].iter().any(|on| rule.keep.eq_ignore_ascii_case(on)) {
        let message = "the record itself is not kept: only its copy is left, and that is dropped";
        findings.push(finding("not-kept", Level::Error, line, message, "end the rule with `true`"));
    }
    if copier.get("match").is_some_and(|pattern| matches(pattern, &rule.copy_of("x.y"))) {
        let message = "the filter takes its own copies, and copies them again without end";
        let help = "Match the tags of your inputs, not `*`";
        findings.push(finding("endless", Level::Error, copier.line_of("match"), message, help));
    }
}

/// A record without any of the keys is not copied, and so never looked at.
fn catch_all(config: &Config, copier: &Section, rules: &[Rule<'_>], findings: &mut Vec<Finding>) {
    let before = config.sections.iter().take_while(|section| !std::ptr::eq(*section, copier));
    let marks: Vec<(&str, &Property)> = before
        .filter(|section| section.kind == Kind::Filter && section.is("modify"))
        .filter(|section| section.get("match") == copier.get("match") && section.get("condition").is_none())
        .flat_map(|section| section.all("add").chain(section.all("set")))
        .filter_map(|property| Some((property.value.split_whitespace().next()?, property)))
        .collect();
    let mark_of = |rule: &Rule<'_>| marks.iter().find(|(mark, _)| rule.key.strip_prefix('$') == Some(mark));
    let Some((last, (_, marking))) = rules.iter().rev().find_map(|rule| Some((rule, mark_of(rule)?))) else {
        let message = "a record that has none of the rules' keys as a text is not copied, and never looked at";
        let help = "a mark that every record gets (`modify`, Set __oxpecker_mark 1) and a last rule for it";
        return findings.push(finding("keyless", Level::Error, copier.line, message, help));
    };
    if marking.name == "add" {
        let message =
            "a record that comes with a member of the mark's name keeps it: it is not copied, and never looked at";
        findings.push(finding("mark-kept", Level::Error, marking.line, message, "Set in place of Add"));
    }
    if !["^", "^1$", ".*", "^1", "1"].contains(&last.expression) {
        let message = "the rule for the mark does not take every mark";
        findings.push(finding("keyless", Level::Warning, last.property.line, message, "its expression: ^1$"));
    }
    let after = config.sections.iter().skip_while(|section| !std::ptr::eq(*section, copier));
    let mark = last.key.trim_start_matches('$');
    let removed: Vec<&Section> =
        after.filter(|section| section.is("modify") && section.all("remove").any(|p| p.value == mark)).collect();
    let records = removed.iter().any(|section| section.get("match") == copier.get("match"));
    let copies = removed.iter().any(|section| section.takes(&last.copy_of("x")) == Some(true));
    for (gone, of) in [(records, "records"), (copies, "copies")] {
        if !gone {
            let message = format!("the mark `{mark}` stays in the {of}");
            let help = format!("a filter modify behind it that removes {mark}");
            findings.push(finding("mark-stays", Level::Warning, copier.line, message, help));
        }
    }
}

fn emitter(config: &Config, copier: &Section, findings: &mut Vec<Finding>) {
    let limit = copier.get("emitter_mem_buf_limit").map_or(Some(EMITTER_DEFAULT), size).unwrap_or(0);
    let on_disk = copier.get("emitter_storage.type").is_some_and(|kind| kind.eq_ignore_ascii_case("filesystem"));
    if limit < EMITTER_LEAST {
        let line = copier.line_of("emitter_mem_buf_limit");
        let message = format!(
            "copies may take {limit} bytes; a full emitter refuses more in silence, and they are not looked at"
        );
        findings.push(finding("emitter-limit", Level::Warning, line, message, "Emitter_Mem_Buf_Limit 64MB"));
    }
    if !on_disk {
        let message =
            "copies wait in memory alone: they are lost with the process, and refused where the limit is reached";
        let help = "Emitter_Storage.type filesystem, and storage.path in the service";
        findings.push(finding("emitter-memory", Level::Warning, copier.line, message, help));
    } else if !config.of(Kind::Service, "").any(|service| service.get("storage.path").is_some()) {
        let message =
            "the emitter is to keep copies in files, and the service has no storage.path: Fluent Bit does not start";
        let line = copier.line_of("emitter_storage.type");
        findings.push(finding("no-storage", Level::Error, line, message, "storage.path in the service"));
    }
}
