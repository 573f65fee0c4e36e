//! Techniques of MITRE ATT&CK in a rule's tags: `attack.t1555.006`.

/// A technique by its number, and the sub-technique of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Technique {
    /// `T1555`
    pub(crate) id: String,
    /// `T1555.006`
    pub(crate) sub: Option<String>,
}

/// The techniques that tags name, in their order. Tactics and other labels are none.
pub(crate) fn of(tags: &[String]) -> Vec<Technique> {
    tags.iter().filter_map(|tag| technique(tag)).collect()
}

fn technique(tag: &str) -> Option<Technique> {
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let tag = tag.to_ascii_lowercase();
    let number = tag.strip_prefix("attack.t")?;
    let (number, sub) = number.split_once('.').map_or((number, None), |(number, sub)| (number, Some(sub)));
    if !digits(number, 4) || sub.is_some_and(|sub| !digits(sub, 3)) {
        return None;
    }
    Some(Technique { id: format!("T{number}"), sub: sub.map(|sub| format!("T{number}.{sub}")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_technique_numbers_are_techniques() {
        let tags = ["attack.t1555.006", "attack.T1078", "attack.persistence", "attack.t15", "attack.t1555.6", "t1555"];
        let found = of(&tags.map(str::to_owned));
        let expected = [("T1555", Some("T1555.006")), ("T1078", None)];
        assert_eq!(found, expected.map(|(id, sub)| Technique { id: id.into(), sub: sub.map(str::to_owned) }));
    }
}
