//! Techniques of MITRE ATT&CK: what the numbers in tags are called.

use crate::render::techniques;

/// The version of ATT&CK that names and tactics are from. Links lead to its pages, which stay where they are.
pub(super) const VERSION: &str = "18";

/// A technique that a rule names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Technique {
    /// `T1136.003`
    pub(super) id: String,
}

/// The techniques that tags name, each once, in the order of the tags.
pub(super) fn of(tags: &[String]) -> Vec<Technique> {
    let mut found: Vec<Technique> = Vec::new();
    for technique in techniques::of(tags) {
        let technique = Technique { id: technique.sub.unwrap_or(technique.id) };
        if !found.contains(&technique) {
            found.push(technique);
        }
    }
    found
}

impl Technique {
    /// `Create Account: Cloud Account`; none for a number that this version of ATT&CK does not have.
    pub(super) fn name(&self) -> Option<String> {
        let (name, _) = row(&self.id)?;
        let of = self.id.split_once('.').and_then(|(technique, _)| row(technique));
        Some(of.map_or_else(|| name.to_owned(), |(technique, _)| format!("{technique}: {name}")))
    }

    /// `Persistence, Privilege Escalation`
    pub(super) fn tactics(&self) -> Option<String> {
        let tactics: Vec<String> = row(&self.id)?.1.split(',').map(title_case).collect();
        Some(tactics.join(", "))
    }

    /// The page about it: of this version where it is known, else of whatever version is in force.
    pub(super) fn link(&self) -> String {
        let path = self.id.replace('.', "/");
        match row(&self.id) {
            Some(_) => format!("https://attack.mitre.org/versions/v{VERSION}/techniques/{path}/"),
            None => format!("https://attack.mitre.org/techniques/{path}/"),
        }
    }

    /// The technique that this is a part of, or itself.
    pub(super) fn parent(&self) -> &str {
        self.id.split_once('.').map_or(self.id.as_str(), |(technique, _)| technique)
    }
}

/// `command-and-control` as ATT&CK writes it: Command and Control.
fn title_case(tactic: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().filter(|_| word != "and").map(|letter| letter.to_ascii_uppercase());
        first.map_or_else(|| word.to_owned(), |first| format!("{first}{}", letters.as_str()))
    };
    tactic.split('-').map(capital).collect::<Vec<_>>().join(" ")
}

/// Name and tactics of a technique.
fn row(id: &str) -> Option<(&'static str, &'static str)> {
    rows().find(|(row, ..)| *row == id).map(|(_, name, tactics)| (name, tactics))
}

/// The table: number, name, tactics.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let lines = include_str!("attack.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (id, rest) = line.split_once('\t')?;
        let (name, tactics) = rest.split_once('\t')?;
        Some((id, name, tactics))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix's tactics, in its order.
    const TACTICS: [&str; 14] = [
        "reconnaissance",
        "resource-development",
        "initial-access",
        "execution",
        "persistence",
        "privilege-escalation",
        "defense-evasion",
        "credential-access",
        "discovery",
        "lateral-movement",
        "collection",
        "command-and-control",
        "exfiltration",
        "impact",
    ];

    fn known(id: &str) -> Technique {
        Technique { id: id.to_owned() }
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        let lines = include_str!("attack.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(rows().count(), lines, "a line is no row");
        assert!(rows().zip(rows().skip(1)).all(|(one, next)| one.0 < next.0), "a number is there twice or too late");
        for (id, _, tactics) in rows() {
            let places: Vec<_> = tactics.split(',').map(|tactic| TACTICS.iter().position(|it| *it == tactic)).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{id}: {tactics}");
            assert!(row(known(id).parent()).is_some(), "{id} is part of nothing");
        }
    }

    #[test]
    fn a_sub_technique_is_called_after_its_technique() {
        let technique = known("T1136.003");
        assert_eq!(technique.name().as_deref(), Some("Create Account: Cloud Account"));
        assert_eq!(technique.tactics().as_deref(), Some("Persistence"));
        assert_eq!(technique.link(), "https://attack.mitre.org/versions/v18/techniques/T1136/003/");
        assert_eq!(known("T1071").tactics().as_deref(), Some("Command and Control"));
    }

    #[test]
    fn an_unknown_number_has_no_name_but_a_link() {
        let technique = known("T9999");
        assert_eq!((technique.name(), technique.tactics()), (None, None));
        assert_eq!(technique.link(), "https://attack.mitre.org/techniques/T9999/");
    }

    #[test]
    fn a_technique_in_two_tags_is_one() {
        let tags = ["attack.t1078", "service.iam", "attack.T1078", "attack.t1078.004"].map(str::to_owned);
        assert_eq!(of(&tags), [known("T1078"), known("T1078.004")]);
    }
}
