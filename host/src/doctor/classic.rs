//! The classic syntax: `[SECTION]`, then `Key Value` lines.

use super::config::{Config, Kind, Property, Section};

pub(super) fn read(text: &str) -> Result<Config, String> {
    let mut config = Config::default();
    for (place, line) in text.lines().enumerate() {
        let (number, line) = (place + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(command) = line.strip_prefix('@') {
            if command.to_ascii_lowercase().starts_with("include") {
                config.includes.push(number);
            }
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            config.sections.push(Section { kind: kind(name), line: number, properties: Vec::new() });
        } else {
            let section = config.sections.last_mut().ok_or(format!("line {number}: this stands in no section"))?;
            let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
            section.properties.push(Property { name, value, line: number });
        }
    }
    Ok(config)
}

fn kind(name: &str) -> Kind {
    match name.trim().to_ascii_uppercase().as_str() {
        "SERVICE" => Kind::Service,
        "INPUT" => Kind::Input,
        "FILTER" => Kind::Filter,
        "OUTPUT" => Kind::Output,
        _ => Kind::Other,
    }
}
