//! Alert records as they come from the module: one text, and where in it which record is.

use super::object::Object;
use super::shape::Shape;
use super::{Alert, BadAlert, State};
use std::ops::Range;

/// Longest record: parsed, JSON of small values takes up to thirty times its length.
const MAX_LINE: usize = 16 << 20;

/// Records in their order, each checked to be one. They are held as the text they came in.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    text: String,
    heads: Vec<Head>,
}

/// What everybody asks of a record, and where it is.
#[derive(Debug, Clone)]
struct Head {
    alert_id: String,
    severity: u8,
    state: State,
    line: Range<usize>,
}

/// One record of [`Alerts`].
#[derive(Debug, Clone, Copy)]
pub struct Record<'t> {
    /// Tells the alert from all others.
    pub alert_id: &'t str,
    /// 1 is the worst.
    pub severity: u8,
    /// Whether the counts are final.
    pub state: State,
    /// The record exactly as the module wrote it, without the line break.
    pub line: &'t str,
}

impl Record<'_> {
    /// The whole record.
    ///
    /// # Errors
    /// Never, for a record of [`Alerts`]: those were checked.
    pub fn read(&self) -> Result<Alert, serde_json::Error> {
        Alert::from_line(self.line)
    }
}

impl Alerts {
    /// Takes records, one a line; blank lines are passed over.
    ///
    /// # Errors
    /// If a line is something else.
    pub fn new(lines: &[u8]) -> Result<Self, BadAlert> {
        let text = str::from_utf8(lines).map_err(|_| BadAlert)?;
        let mut heads = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            let line = std::mem::replace(&mut start, end + 1)..end;
            let record = text.get(line.clone()).unwrap_or_default();
            if record.trim_ascii().is_empty() {
                continue;
            }
            if record.len() > MAX_LINE {
                return Err(BadAlert);
            }
            let Object(shape) = serde_json::from_str(record).map_err(|_| BadAlert)?;
            let Shape { alert_id, severity, state, .. } = shape;
            heads.push(Head { alert_id: alert_id.into_owned(), severity, state, line });
        }
        Ok(Self { text: text.to_owned(), heads })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes that they hold.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len() + self.heads.iter().map(|head| size_of::<Head>() + head.alert_id.len()).sum::<usize>()
    }

    /// The records.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        self.heads.iter().map(|head| Record {
            alert_id: &head.alert_id,
            severity: head.severity,
            state: head.state,
            line: self.text.get(head.line.clone()).unwrap_or_default(),
        })
    }

    /// All records whole.
    ///
    /// # Errors
    /// Never: they were checked when they came.
    pub fn read(&self) -> Result<Vec<Alert>, serde_json::Error> {
        self.iter().map(|record| record.read()).collect()
    }

    /// Puts others behind these.
    pub(crate) fn append(&mut self, others: Self) {
        if self.is_empty() {
            *self = others;
            return;
        }
        let before = self.text.len();
        self.text.push_str(&others.text);
        self.heads.extend(
            others
                .heads
                .into_iter()
                .map(|head| Head { line: head.line.start + before..head.line.end + before, ..head }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::LINE;
    use super::*;

    fn told(alerts: &Alerts) -> Vec<(&str, State, &str)> {
        alerts.iter().map(|record| (record.alert_id, record.state, record.line)).collect()
    }

    #[test]
    fn records_are_found_in_their_text_and_stay_as_they_are() {
        let other = LINE.replace("a1", "a\\u0031").replace("fired", "final");
        let mut alerts = Alerts::new(format!("\n{LINE}\n \n{other}").as_bytes()).unwrap();
        let expected = [("a1", State::Fired, LINE), ("a1", State::Final, other.as_str())];
        assert_eq!(told(&alerts), expected);
        alerts.append(Alerts::default());
        let mut twice = alerts.clone();
        twice.append(alerts.clone());
        assert_eq!(told(&twice), [expected, expected].concat());
        assert_eq!(twice.iter().last().unwrap().read().unwrap().line(), other);
        assert_eq!((twice.len(), twice.is_empty(), Alerts::default().is_empty()), (4, false, true));
        assert!(twice.bytes() > 4 * LINE.len());
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["{}", "[]", "\u{feff}{}", "{\"alert_id\":1}", &format!("{LINE}\n{LINE}x")] {
            assert!(Alerts::new(bad.as_bytes()).is_err(), "{bad}");
        }
        // The values of a record's fields, or of an object in it, as an array in their order.
        let no_object =
            r#"["a1","r","R","s",1,"t","d",null,"s",{},3,1,60,null,null,2,[],"ab","k",{},[],[],[],false,[],"fired"]"#;
        let no_event = LINE.replace(r#"{"id":"e2"}"#, r#"["e2",1]"#);
        for bad in [no_object, &no_event] {
            assert!(Alerts::new(bad.as_bytes()).is_err() && Alert::from_line(bad).is_err(), "{bad}");
        }
        assert!(Alerts::new(b"\xff\n").is_err());
        assert!(Alerts::new(b"\n \n").unwrap().is_empty());
    }
}
