use super::*;
use oxpecker_engine::rule::{self, Limits, ListValues, Source};

/// The pages of one rule file.
fn made(name: &str, text: &str) -> Vec<Page> {
    let source = Source { name, bytes: text.as_bytes() };
    let (set, problems) = rule::load(&[source], ListValues::new(), &Limits::default());
    assert!(problems.iter().all(|problem| !problem.diagnostic.is_error()), "{problems:?}");
    pages(&set, &[RuleFile { name: name.to_owned(), link: Some(format!("../{name}")) }])
}

fn text<'p>(pages: &'p [Page], name: &str) -> &'p str {
    pages.iter().find(|page| page.name == name).map_or("", |page| &page.text)
}

const RULES: &str = r#"
rules:
  - id: secret-read
    name: Secret | read
    title: "{{user}} read {{requestParameters.secretId or ip}}"
    type: CloudTrail
    severity: 1
    description: A secret was read by *someone*. Ask the user.
    filter: eventName = "GetSecretValue"
    aggregate: [accountId, user, ip, requestParameters.secretId]
    window: {sliding: 10m}
    threshold: {count: 3, distinct: requestParameters.secretId}
    suppressions:
      - {filter: 'user = "robot"', reason: It reads all., expires: 2027-01-31}
    tags: [attack.t1555.006, attack.t9999, service.secretsmanager]
    classifiers: ["PCI DSS:8.3"]
    references: ["https://example.com/a_b"]
    benign: [The robot.]
    tests:
      - {name: one, expect: nothing, event: {eventName: GetSecretValue}}
  - id: bucket-gone
    name: Bucket gone
    type: CloudTrail
    severity: 2
    description: A bucket was deleted.
    filter: eventName = "DeleteBucket"
    enabled: false
    tags: [attack.t1485]
"#;

#[test]
fn a_page_says_all_that_the_rule_says() {
    let pages = made("aws/secrets.yaml", RULES);
    let page = text(&pages, "secret-read.md");
    let expected = [
        "# Secret \\| read\n",
        "`secret-read` · **severity 1**, wakes someone · [aws: secretsmanager](README.md#aws-secretsmanager) · [`aws/secrets.yaml`](../aws/secrets.yaml)\n",
        "{{user}} read {{requestParameters.secretId or ip}}\n",
        "A secret was read by \\*someone\\*. Ask the user.\n",
        "- The robot.\n",
        "3 different values of `requestParameters.secretId` in matching events with the same `accountId`, `user`, `ip` and `requestParameters.secretId` within any 10 minutes make an alert.\n",
        "```console\n$ oxpecker eval 'accountId = \"…\" and user = \"…\"' logs/\n$ oxpecker eval 'ip = \"…\"' logs/\n```\n",
        "eventName = \"GetSecretValue\"\n",
        "- `user = \"robot\"` · It reads all. · until 2027-01-31\n",
        "- [T1555.006](https://attack.mitre.org/versions/v18/techniques/T1555/006/) Credentials from Password Stores: Cloud Secrets Management Stores (Credential Access)\n- [T9999](https://attack.mitre.org/techniques/T9999/)\n",
        "- PCI DSS:8.3\n",
        "- [example.com/a\\_b](https://example.com/a_b)\n",
        "- **nothing** · one\n",
    ];
    expected.into_iter().for_each(|part| assert!(page.contains(part), "{part}\nis not in\n{page}"));
    let other = text(&pages, "bucket-gone.md");
    assert!(other.contains("**Switched off.**") && !other.contains("oxpecker eval"), "{other}");
}

#[test]
fn indexes_name_every_rule_and_the_layer_those_in_force() {
    let pages = made("aws/secrets.yaml", RULES);
    for index in ["README.md", "SEVERITY.md", "TECHNIQUES.md"] {
        assert!(text(&pages, index).contains("[Secret \\| read](secret-read.md)"), "{index}");
        assert!(text(&pages, index).contains("[Bucket gone](bucket-gone.md) (switched off)"), "{index}");
    }
    // Without a service the theme of the file stands for one.
    assert!(text(&pages, "README.md").contains("\n## aws: secrets\n"));
    let layer: serde_json::Value = serde_json::from_str(text(&pages, "attack-layer.json")).unwrap_or_default();
    let scored: Vec<_> =
        layer["techniques"].as_array().into_iter().flatten().map(|it| (&it["techniqueID"], &it["score"])).collect();
    assert_eq!(scored, [(&"T1555.006".into(), &1.into()), (&"T9999".into(), &1.into())]);
    assert_eq!(layer["versions"]["layer"], "4.5");
}

#[test]
fn what_is_made_is_known_again() {
    assert!(made("aws/secrets.yaml", RULES).iter().all(|page| is_made(&page.text) && is_page_name(&page.name)));
    assert!(!is_made("# Rules\n\nSome of these pages were:\n\nMade by `oxpecker rules --pages` from the rule files\n"));
}

#[test]
fn nothing_of_a_rule_steers_a_terminal() {
    let pages = made("a.yaml", &RULES.replace("Bucket gone", "\"Bucket \\u001b[31mgone\\u202e\""));
    assert!(pages.iter().all(|page| !page.text.contains(['\u{1b}', '\u{202e}'])));
}
