//! Alerts as a table for people.

use super::safe;
use crate::alert::Alert;
use std::fmt::Write;

/// Colours, where wanted.
struct Paint {
    on: bool,
}

impl Paint {
    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn severity(&self, severity: u8) -> String {
        let colour = match severity {
            1 => "1;31",
            2 => "33",
            _ => "36",
        };
        self.with(colour, &severity.to_string())
    }

    fn with(&self, style: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The line above the first alert.
#[must_use]
pub fn header(colour: bool) -> String {
    Paint { on: colour }.dim("SEV  FIRST SEEN            COUNT  ALERT")
}

/// One alert, in two lines: what happened, and by which rule. Nothing of the event is printed raw.
#[must_use]
pub fn row(alert: &Alert, colour: bool) -> String {
    let paint = Paint { on: colour };
    let time = alert.first_seen.as_deref().unwrap_or("-");
    // Seconds are enough for a person; the record has the rest.
    let time = time.split_once('.').map_or(time.to_owned(), |(seconds, _)| format!("{seconds}Z"));
    let mut text = format!(
        " {}   {:<20} {:>6}  {}",
        paint.severity(alert.severity),
        safe(&time),
        alert.count,
        paint.bold(&safe(&alert.title))
    );
    let mut about = vec![alert.rule.clone()];
    if !alert.source.is_empty() {
        about.push(alert.source.clone());
    }
    about.extend(alert.tags.iter().filter(|tag| tag.starts_with("attack.")).cloned());
    if alert.suppressed > 0 {
        about.push(format!("{} suppressed", alert.suppressed));
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "\n{:34}{}", "", paint.dim(&safe(&about.join(" · "))));
    text
}
