//! From a document to its events: opens envelopes, one inside the other, and hands out what is in them.

use super::classify::{Part, Shape, begins_as_cloudtrail, classify};
use super::json::{Elements, Members, join_lines, skip_blank, spans_lines, trim, value_end};
use super::scan::{Scanner, Step};
use super::split::Splitter;
use super::{Counts, Fault, Flow, Item, Layer, Limits, Place, Reason, Skip};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::io::Read;
use std::ops::ControlFlow::Continue;

/// Standard base64, its padding optional: some SDKs leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Where a document comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// Its place in the input.
    pub(super) at: Place,
    /// How many envelopes are around it.
    pub(super) level: u32,
    /// Whether the place is the document's own, and not that of the encoded envelope around it.
    pub(super) exact: bool,
    /// Whether it is known to hold no line break.
    pub(super) one_line: bool,
}

impl Origin {
    /// One envelope further in, at `part`, which lies in `whole`.
    fn inside(self, whole: &[u8], part: &[u8]) -> Self {
        let skipped = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        let before = whole.get(..skipped).unwrap_or_default();
        Self { level: self.level + 1, ..self.after(before) }
    }

    /// The place after `text`, for what is at its own place; unchanged for what is not.
    fn after(self, text: &[u8]) -> Self {
        if !self.exact {
            return self;
        }
        let lines = memchr::memchr_iter(b'\n', text).count() as u64;
        let at = Place { line: self.at.line + lines, offset: self.at.offset + text.len() as u64 };
        Self { at, ..self }
    }
}

/// Hands out items and counts them; holds the limits of unpacking.
pub(super) struct Unwrapper<'s> {
    pub(super) limits: &'s Limits,
    sink: &'s mut dyn FnMut(Item<'_>) -> Flow,
    pub(super) counts: Counts,
    joined: Vec<u8>,
    /// Bytes unpacked from the current outermost document in all.
    unpacked: u64,
    /// Bytes of unpacked text held at this moment.
    held: usize,
}

impl<'s> Unwrapper<'s> {
    pub(super) fn new(limits: &'s Limits, sink: &'s mut dyn FnMut(Item<'_>) -> Flow) -> Self {
        Self { limits, sink, counts: Counts::default(), joined: Vec::new(), unpacked: 0, held: 0 }
    }

    /// Takes one object that nothing is known of.
    pub(super) fn document(&mut self, text: &[u8], from: Origin) -> Flow {
        if from.level == 0 {
            self.unpacked = 0;
        }
        if begins_as_cloudtrail(text) {
            return self.event(text, from);
        }
        match classify(text) {
            Shape::Event => self.event(text, from),
            Shape::Skip(kind) => self.skip(from.at, kind),
            Shape::Hollow(layer) => self.reject_inside(from, layer, Fault::Missing, text),
            Shape::Object(part, layer) => self.object(part, layer, from.inside(text, part)),
            Shape::Text(part, layer) => self.text(part, layer, from.inside(text, part)),
            Shape::Data(part, layer) => self.data(part, layer, from.inside(text, part)),
            Shape::Each(array, layer, part) => self.each(array, layer, part, from.inside(text, array)),
            Shape::MaybeText(part) => self.maybe_text(text, part, from),
        }
    }

    fn event(&mut self, text: &[u8], from: Origin) -> Flow {
        if text.len() > self.limits.max_event_bytes {
            let limit = self.limits.max_event_bytes as u64;
            return self.reject(from.at, Reason::TooLarge { limit }, text);
        }
        self.counts.events += 1;
        if from.one_line || !spans_lines(text) {
            return (self.sink)(Item::Event { bytes: text, at: from.at });
        }
        join_lines(text, &mut self.joined);
        (self.sink)(Item::Event { bytes: &self.joined, at: from.at })
    }

    /// Hands out a known thing that is no event.
    pub(super) fn skip(&mut self, at: Place, kind: Skip) -> Flow {
        self.counts.skipped += 1;
        (self.sink)(Item::Skipped { at, kind })
    }

    /// Hands out a rejection.
    pub(super) fn reject(&mut self, at: Place, reason: Reason, text: &[u8]) -> Flow {
        self.counts.rejected += 1;
        let excerpt = text.get(..self.limits.max_excerpt_bytes).unwrap_or(text);
        (self.sink)(Item::Rejected { at, reason, excerpt })
    }

    fn reject_inside(&mut self, from: Origin, layer: Layer, fault: Fault, text: &[u8]) -> Flow {
        self.reject(from.at, Reason::Inside { layer, fault }, text)
    }

    fn object(&mut self, part: &[u8], layer: Layer, from: Origin) -> Flow {
        if part.first() != Some(&b'{') {
            return self.reject_inside(from, layer, Fault::NotAnObject, part);
        }
        if from.level > self.limits.max_envelopes {
            return self.reject_inside(from, layer, Fault::TooDeep, part);
        }
        self.document(part, from)
    }

    fn each(&mut self, array: &[u8], layer: Layer, part: Part, mut from: Origin) -> Flow {
        let mut counted = 0;
        for element in Elements::of(array) {
            let start = match element {
                Ok((at, _)) | Err(at) => at,
            };
            from = from.after(array.get(counted..start).unwrap_or_default());
            counted = start;
            match element {
                Ok((_, element)) => self.element(element, layer, part, from)?,
                Err(at) => {
                    self.reject_inside(from, layer, Fault::NotJson, array.get(at..).unwrap_or_default())?;
                }
            }
        }
        Continue(())
    }

    fn element(&mut self, element: &[u8], layer: Layer, part: Part, from: Origin) -> Flow {
        let inner = |key: &str| Members::find(element, key.as_bytes()).filter(|v| v.starts_with(b"\""));
        match part {
            Part::Whole => self.object(element, layer, from),
            Part::Text(key) => match inner(key) {
                Some(raw) => self.text(raw, layer, from),
                None => self.reject_inside(from, layer, Fault::Missing, element),
            },
            Part::Data(key) => match inner(key) {
                Some(raw) => self.data(raw, layer, from),
                None => self.reject_inside(from, layer, Fault::Missing, element),
            },
        }
    }

    fn text(&mut self, raw: &[u8], layer: Layer, from: Origin) -> Flow {
        match serde_json::from_slice::<String>(raw) {
            Ok(text) => self.payload(text.into_bytes(), layer, from),
            Err(_) => self.reject_inside(from, layer, Fault::Text, raw),
        }
    }

    fn data(&mut self, raw: &[u8], layer: Layer, from: Origin) -> Flow {
        let Ok(text) = serde_json::from_slice::<String>(raw) else {
            return self.reject_inside(from, layer, Fault::Text, raw);
        };
        let Ok(bytes) = BASE64.decode(text.trim_ascii()) else {
            return self.reject_inside(from, layer, Fault::Base64, raw);
        };
        drop(text);
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            return self.payload(bytes, layer, from);
        }
        match self.gunzip(&bytes) {
            Ok(inflated) => {
                drop(bytes);
                self.payload(inflated, layer, from)
            }
            Err(fault) => self.reject_inside(from, layer, fault, raw),
        }
    }

    fn gunzip(&self, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let limit = self.limits.max_document_bytes as u64;
        let mut out = Vec::new();
        let mut inflate = flate2::read::MultiGzDecoder::new(bytes).take(limit + 1);
        inflate.read_to_end(&mut out).map_err(|_| Fault::Gzip)?;
        if out.len() as u64 > limit { Err(Fault::TooLarge) } else { Ok(out) }
    }

    /// Splits what came out of an envelope. It may hold several events, or further envelopes.
    fn payload(&mut self, text: Vec<u8>, layer: Layer, from: Origin) -> Flow {
        let len = text.len();
        self.unpacked += len as u64;
        let too_large = self.unpacked > self.limits.max_unpacked_bytes
            || self.held + len > self.limits.max_document_bytes.saturating_mul(2);
        let fault = if too_large {
            Fault::TooLarge
        } else if from.level > self.limits.max_envelopes {
            Fault::TooDeep
        } else if matches!(text.get(skip_blank(&text, 0)), Some(b'{' | b'[')) {
            self.held += len;
            let flow = Splitter::inside(text, layer, Origin { exact: false, one_line: false, ..from }).run(self);
            self.held -= len;
            return flow;
        } else {
            Fault::NotAnObject
        };
        self.reject_inside(from, layer, fault, &text)
    }

    /// A shipper's record: its text is the event if it is one whole object; else the record is.
    fn maybe_text(&mut self, record: &[u8], raw: &[u8], from: Origin) -> Flow {
        let Ok(text) = serde_json::from_slice::<String>(raw) else { return self.event(record, from) };
        if !is_one_object(text.as_bytes()) {
            return self.event(record, from);
        }
        self.payload(text.into_bytes(), Layer::LogText, from.inside(record, raw))
    }
}

/// Whether the text is one object and nothing more. The numbers and words in it may still be wrong.
fn is_one_object(text: &[u8]) -> bool {
    let text = trim(text);
    text.first() == Some(&b'{')
        && value_end(text, 0) == Some(text.len())
        && Scanner::new().feed(text) == Step::Done(text.len())
}
