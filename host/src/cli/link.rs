//! Links to the playground: what it shall show, deflated, in the part of the address that no server is sent.
//!
//! The page reads and writes the same: `plugins/playground/web/src/share.ts`.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::json;
use std::io::Write;

/// Where `oxpecker playground` serves it if it is not told otherwise.
pub(crate) const PORT: u16 = 7373;

/// A link in place of output.
#[derive(Args)]
pub(crate) struct LinkArgs {
    /// Print a link that opens the rule or filter in the playground, and nothing else; no event is in it
    #[arg(long)]
    link: bool,
    /// Put the event into the link: whoever has the link can read it
    #[arg(long, requires = "link", requires = "event")]
    with_event: bool,
    /// Where the playground is
    #[arg(long, value_name = "URL", requires = "link", default_value_t = format!("http://127.0.0.1:{PORT}/"))]
    playground: String,
}

/// What the link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A filter alone.
    Filter,
    /// A rule file.
    File,
}

impl LinkArgs {
    pub(crate) fn wanted(&self) -> bool {
        self.link
    }

    pub(crate) fn with_event(&self) -> bool {
        self.with_event
    }

    /// The link; the playground chooses the first of the events.
    pub(crate) fn to(&self, mode: Mode, text: &str, events: &[String]) -> Result<String> {
        let base = self.playground.split('#').next().unwrap_or_default();
        Ok(format!("{base}#s={}", fragment(mode, text, events)?))
    }
}

fn fragment(mode: Mode, text: &str, events: &[String]) -> Result<String> {
    let mode = if mode == Mode::Filter { "filter" } else { "file" };
    let mut state = json!({"v": 1, "mode": mode, "text": text});
    if let (false, Some(members)) = (events.is_empty(), state.as_object_mut()) {
        members.insert("events".into(), events.join("\n").into());
        members.insert("pick".into(), 0.into());
    }
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(state.to_string().as_bytes()).context("cannot make the link")?;
    Ok(URL_SAFE_NO_PAD.encode(deflated.finish().context("cannot make the link")?))
}

#[cfg(test)]
mod tests {
    use super::{Mode, fragment};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use std::io::Read;

    #[test]
    fn a_link_holds_what_it_was_given_and_events_only_when_they_are() {
        let read = |fragment: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(fragment).expect("base64url");
            let mut text = String::new();
            flate2::read::DeflateDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("deflated text");
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
        };
        let without = read(&fragment(Mode::Filter, "user = \"é\"", &[]).expect("a fragment"));
        assert_eq!(without, serde_json::json!({"v": 1, "mode": "filter", "text": "user = \"é\""}));
        let with = read(&fragment(Mode::File, "rules: []", &["{}".into(), "{}".into()]).expect("a fragment"));
        assert_eq!(with["events"], "{}\n{}");
        assert_eq!(with["mode"], "file");
    }
}
