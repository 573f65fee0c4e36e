//! The techniques as a layer of the ATT&CK Navigator, format 4.5.
//! <https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md>

use super::attack::{Technique, VERSION};
use super::{Entry, MARK, index};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every technique that a rule in force names, scored by the number of those rules.
pub(super) fn text(entries: &[Entry<'_>]) -> String {
    let mut techniques = index::techniques(entries);
    techniques.values_mut().for_each(|rules| rules.retain(|entry| !entry.off));
    techniques.retain(|_, rules| !rules.is_empty());
    let most = techniques.values().map(Vec::len).max().unwrap_or(1);
    let with_parts: BTreeSet<&str> =
        techniques.keys().filter(|technique| technique.parent() != technique.id).map(|it| it.parent()).collect();
    let technique = |(technique, rules): (&&Technique, &Vec<&Entry<'_>>)| -> Value {
        let names: Vec<String> = rules.iter().map(|entry| named(entry)).collect();
        json!({
            "techniqueID": technique.id,
            "score": rules.len(),
            "comment": names.join("\n"),
            "enabled": true,
            "links": [{"label": technique.name().unwrap_or_else(|| technique.id.clone()), "url": technique.link()}],
            "showSubtechniques": with_parts.contains(technique.id.as_str()),
        })
    };
    let layer = json!({
        "name": "Oxpecker rules",
        "description": format!("{MARK}. The score of a technique is the number of rules in force that name it."),
        "domain": "enterprise-attack",
        "versions": {"attack": VERSION, "navigator": "5.1.0", "layer": "4.5"},
        "layout": {"layout": "side", "showName": true, "showID": true, "aggregateFunction": "sum", "showAggregateScores": true},
        "sorting": 0,
        "gradient": {"colors": ["#e8f1fa", "#1f5f99"], "minValue": 0, "maxValue": most},
        "techniques": techniques.iter().map(technique).collect::<Vec<_>>(),
    });
    format!("{layer:#}\n")
}

/// The name of a rule's page, and what the rule is called.
fn named(entry: &Entry<'_>) -> String {
    let rule = &entry.collected.rule;
    format!("{}: {} (severity {})", rule.id, rule.name, rule.severity)
}
