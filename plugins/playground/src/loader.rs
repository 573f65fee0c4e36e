//! From a file's bytes to batches of events. Runs in a worker of its own, so that stopping it stops the reading.

use crate::answer::{number, object, text, texts};
use crate::intake::{self, Item, Limits};
use flate2::bufread::MultiGzDecoder;
use oxpecker_engine::json::Json;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// Bytes of events in one batch.
const BATCH: usize = 1 << 20;
/// How many rejected texts are told of.
const TOLD: usize = 20;

/// Reads a whole file. `pull(offset, length)` gives its bytes; `push(batch, bytes_read)` takes a batch of events, each
/// with its length before it as four bytes. Gzip is read as it is. The answer is `{events, rejected, skipped, told,
/// error}`.
#[wasm_bindgen]
#[must_use]
pub fn read(pull: &js_sys::Function, push: &js_sys::Function) -> String {
    let source = Pulled { pull, offset: 0 };
    let progress = std::cell::Cell::new(0u64);
    let counted = Counted { inner: source, read: &progress };
    let mut sink = |batch: &[u8]| {
        let bytes = js_sys::Uint8Array::from(batch);
        // Bytes of the file, as a number that JavaScript holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
        let read = progress.get() as f64;
        let _ = push.call2(&JsValue::NULL, &bytes, &JsValue::from_f64(read));
    };
    run(counted, &mut sink)
}

/// The same of bytes that are at hand: all events in one batch behind the answer. The first four bytes are the answer's
/// length.
#[wasm_bindgen]
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut batches = Vec::new();
    let answer = run(bytes, &mut |batch| batches.extend_from_slice(batch));
    let mut out = u32::try_from(answer.len()).unwrap_or_default().to_le_bytes().to_vec();
    out.extend_from_slice(answer.as_bytes());
    out.append(&mut batches);
    out
}

fn run(source: impl Read, push: &mut dyn FnMut(&[u8])) -> String {
    let mut source = BufReader::with_capacity(256 << 10, source);
    match source.fill_buf() {
        Ok([0x1f, 0x8b, ..]) => split(MultiGzDecoder::new(source), push),
        Ok([0x28, 0xb5, 0x2f, 0xfd, ..]) => told(0, 0, 0, &[], Some("zstd is read by the command line alone")),
        _ => split(source, push),
    }
}

fn split(source: impl Read, push: &mut dyn FnMut(&[u8])) -> String {
    let mut batch: Vec<u8> = Vec::with_capacity(BATCH + (64 << 10));
    let mut rejects: Vec<String> = Vec::new();
    let outcome = intake::read(source, &Limits::default(), &mut |item| {
        match item {
            Item::Event { bytes, .. } => {
                batch.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
                batch.extend_from_slice(bytes);
                if batch.len() >= BATCH {
                    push(&batch);
                    batch.clear();
                }
            }
            Item::Rejected { at, reason, excerpt } if rejects.len() < TOLD => {
                let excerpt = String::from_utf8_lossy(excerpt);
                rejects.push(format!("line {}: {reason}: {excerpt}", at.line));
            }
            Item::Rejected { .. } => {}
            Item::Skipped { at, kind } if rejects.len() < TOLD => {
                rejects.push(format!("line {}: passed over: {kind}", at.line));
            }
            Item::Skipped { .. } => {}
        }
        ControlFlow::Continue(())
    });
    if !batch.is_empty() {
        push(&batch);
    }
    let error = outcome.error.map(|error| error.to_string());
    let counts = outcome.counts;
    told(counts.events, counts.rejected, counts.skipped, &rejects, error.as_deref())
}

fn told(events: u64, rejected: u64, skipped: u64, rejects: &[String], error: Option<&str>) -> String {
    let count = |count: u64| number(usize::try_from(count).unwrap_or(usize::MAX));
    text(&object([
        ("events", count(events)),
        ("rejected", count(rejected)),
        ("skipped", count(skipped)),
        ("told", texts(rejects.iter().map(String::as_str))),
        ("error", error.map_or(Json::Null, Json::from)),
    ]))
}

/// A file that JavaScript reads.
struct Pulled<'f> {
    pull: &'f js_sys::Function,
    offset: u64,
}

impl Read for Pulled<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
        let (offset, length) = (JsValue::from_f64(self.offset as f64), JsValue::from_f64(into.len() as f64));
        let bytes = self.pull.call2(&JsValue::NULL, &offset, &length);
        let bytes = bytes.map_err(|_| io::Error::other("the browser could not read the file"))?;
        let bytes = js_sys::Uint8Array::new(&bytes);
        let got = usize::try_from(bytes.length()).unwrap_or_default().min(into.len());
        bytes.subarray(0, u32::try_from(got).unwrap_or_default()).copy_to(into.get_mut(..got).unwrap_or_default());
        self.offset += got as u64;
        Ok(got)
    }
}

/// Counts what was read of the file itself.
struct Counted<'p, R> {
    inner: R,
    read: &'p std::cell::Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(into)?;
        self.read.set(self.read.get() + got as u64);
        Ok(got)
    }
}
