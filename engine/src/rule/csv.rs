//! Lists as comma-separated values (RFC 4180): fields may stand in quotes, with quotes inside them doubled.

use super::list::ListReader;
use crate::json::Json;
use crate::span::Span;

/// Reads the rows into entries: the first line names the columns, the first field of each row is the key.
pub(super) fn read(reader: &mut ListReader<'_>) {
    let mut rows = Rows { source: reader.source, at: 0 };
    let Some(header) = rows.next() else { return };
    let Some(names) = names(header, reader) else { return };
    for row in rows {
        match row {
            Ok(fields) => add(&fields, &names, reader),
            Err((span, reason)) => reader.bad(span, reason),
        }
    }
}

/// The names of the columns; `None` where they cannot be told, which is reported.
fn names(header: Row, reader: &mut ListReader<'_>) -> Option<Vec<String>> {
    let fields = header.map_err(|(span, reason)| reader.bad(span, reason)).ok()?;
    let mut names: Vec<String> = Vec::new();
    let mut sound = true;
    for field in fields {
        let name = field.text.trim().to_owned();
        if name.is_empty() || names.contains(&name) {
            reader.bad(field.span, if name.is_empty() { "a column without a name" } else { "two columns of one name" });
            sound = false;
        }
        names.push(name);
    }
    sound.then_some(names)
}

fn add(fields: &[Field], names: &[String], reader: &mut ListReader<'_>) {
    let Some(key) = fields.first() else { return };
    if fields.len() != names.len() {
        let span = key.span.to(fields.last().map_or(key.span, |last| last.span));
        return reader.bad(span, format!("{} values where the first line names {}", fields.len(), names.len()));
    }
    let text = key.text.trim();
    if text.is_empty() {
        return reader.bad(key.span, "the first value of the row, which is the key, is empty");
    }
    let value = |field: &Field| match field.text.trim() {
        "" => Json::Null,
        text => Json::Text(text.to_owned()),
    };
    let columns = names.iter().zip(fields).skip(1).map(|(name, field)| (name.clone(), value(field)));
    let columns: Vec<(String, Json)> = columns.collect();
    reader.add_text(text, if columns.is_empty() { Json::Null } else { Json::Object(columns) }, key.span);
}

struct Field {
    text: String,
    span: Span,
}

/// The fields of a row, or what is wrong with it and where.
type Row = Result<Vec<Field>, (Span, &'static str)>;

/// Goes through the rows; blank lines are none.
struct Rows<'s> {
    source: &'s str,
    at: usize,
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let rest = self.rest();
            let line = rest.split_inclusive('\n').next()?;
            if !line.trim().is_empty() {
                return Some(self.row());
            }
            self.at += line.len();
        }
    }
}

impl Rows<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn row(&mut self) -> Row {
        let mut fields = Vec::new();
        loop {
            let field = if self.rest().starts_with('"') { self.quoted() } else { Ok(self.plain()) };
            match field {
                Ok(field) => fields.push(field),
                Err(wrong) => {
                    self.skip_line();
                    return Err(wrong);
                }
            }
            if !self.rest().starts_with(',') {
                self.skip_line();
                return Ok(fields);
            }
            self.at += 1;
        }
    }

    fn plain(&mut self) -> Field {
        let rest = self.rest();
        let text = rest.get(..rest.find([',', '\n']).unwrap_or(rest.len())).unwrap_or_default();
        let text = text.strip_suffix('\r').unwrap_or(text).to_owned();
        let span = Span::new(self.at, self.at + text.len());
        self.at = span.end;
        Field { text, span }
    }

    fn quoted(&mut self) -> Result<Field, (Span, &'static str)> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(quote) = rest.find('"') else {
                // The line's end is where to go on: the quote may be one too many.
                self.at = start;
                return Err((Span::new(start, start + 1), "this quote is not closed"));
            };
            text.push_str(rest.get(..quote).unwrap_or_default());
            let doubled = rest.get(quote + 1..).is_some_and(|after| after.starts_with('"'));
            self.at += quote + if doubled { 2 } else { 1 };
            if !doubled {
                break;
            }
            text.push('"');
        }
        let span = Span::new(start, self.at);
        let after = self.rest();
        if after.is_empty() || after.starts_with([',', '\n']) || after.starts_with("\r\n") {
            return Ok(Field { text, span });
        }
        Err((
            Span::new(span.end, span.end + after.chars().next().map_or(0, char::len_utf8)),
            "text behind a closing quote",
        ))
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
    }
}
