//! Opens an input and decompresses it on the way, by its first bytes and not by its name.

use super::Input;
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// After `0x50` to `0x5f`: a frame that a zstd reader passes over; some writers begin a file with one.
const ZSTD_SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];
/// What is asked of gzip at a time: flate2 loses what it made in the call that meets corrupt data, so calls are small.
const GZIP_STEP: usize = 8 << 10;
/// Largest zstd window (as a power of two) that is accepted, so that a frame's header cannot ask for gigabytes.
const ZSTD_WINDOW_LOG: u32 = 26;

/// What ended a source before its end.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The compressed data ends inside.
    #[error("{format} data is cut: it ends inside, at byte {at}")]
    Cut {
        /// `gzip` or `zstd`.
        format: &'static str,
        /// Position in the file.
        at: u64,
    },
    /// The compressed data is corrupt, or is followed by something else.
    #[error("{format} data is corrupt at byte {at}: {detail}")]
    Corrupt {
        /// `gzip` or `zstd`.
        format: &'static str,
        /// Position in the file.
        at: u64,
        /// What the decoder says.
        detail: String,
    },
    /// The input could not be read.
    #[error("cannot be read at byte {at}: {detail}")]
    Io {
        /// Position in the file.
        at: u64,
        /// What the system says.
        detail: io::Error,
    },
}

type Raw<R> = BufReader<Counted<Prefixed<R>>>;

/// A source, decompressed where it is compressed. Its errors hold a [`Problem`].
pub struct Reader<R: Read> {
    state: State<R>,
}

enum State<R: Read> {
    Plain(Raw<R>),
    Gzip(Box<GzDecoder<Raw<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Raw<R>>>),
    /// Read to its end, or to its problem, at this position.
    Ended(u64),
}

impl Reader<Box<dyn Read + Send>> {
    /// Opens an input.
    pub fn open(input: &Input) -> Result<Self, Problem> {
        let source: Box<dyn Read + Send> = match input {
            Input::Stdin => Box::new(io::stdin()),
            Input::File(path) => Box::new(File::open(path).map_err(|detail| Problem::Io { at: 0, detail })?),
        };
        Self::new(source)
    }
}

impl<R: Read> Reader<R> {
    /// Looks at the first bytes of `source`: no more of them than it takes to know that it is not compressed.
    pub fn new(mut source: R) -> Result<Self, Problem> {
        let head = first_bytes(&mut source).map_err(|detail| Problem::Io { at: 0, detail })?;
        let raw = BufReader::with_capacity(
            64 << 10,
            Counted { inner: Prefixed { head: io::Cursor::new(head.clone()), source }, read: 0 },
        );
        let state = if head.starts_with(GZIP) {
            State::Gzip(Box::new(GzDecoder::new(raw)))
        } else if head.starts_with(ZSTD) || is_skippable(&head) {
            State::Zstd(Box::new(zstd_decoder(raw).map_err(|detail| Problem::Io { at: 0, detail })?))
        } else {
            State::Plain(raw)
        };
        Ok(Self { state })
    }

    /// Bytes of the input read so far, compressed as it is: for progress.
    pub fn position(&self) -> u64 {
        match &self.state {
            State::Plain(raw) => position(raw),
            State::Gzip(gzip) => position(gzip.get_ref()),
            State::Zstd(zstd) => position(zstd.get_ref()),
            State::Ended(at) => *at,
        }
    }

    fn gzip_member_ended(&mut self) -> io::Result<()> {
        let ended = State::Ended(self.position());
        let State::Gzip(gzip) = std::mem::replace(&mut self.state, ended) else { return Ok(()) };
        let mut raw = gzip.into_inner();
        if matches!(raw.fill_buf()?, [0x1f, ..]) {
            self.state = State::Gzip(Box::new(GzDecoder::new(raw)));
            return Ok(());
        }
        // Tapes and block devices pad with zeros; anything else after a member is a problem to report.
        let at = position(&raw);
        loop {
            let rest = raw.fill_buf()?;
            let len = rest.len();
            if len == 0 {
                return Ok(());
            }
            if rest.iter().any(|&b| b != 0) {
                let detail = "other data follows the compressed data".to_owned();
                return Err(corrupt(Problem::Corrupt { format: "gzip", at, detail }));
            }
            raw.consume(len);
        }
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let at = self.position();
            let (result, format) = match &mut self.state {
                State::Plain(raw) => (raw.read(buf), "plain"),
                State::Gzip(gzip) => {
                    let step = buf.len().min(GZIP_STEP);
                    (gzip.read(buf.get_mut(..step).unwrap_or_default()), "gzip")
                }
                State::Zstd(zstd) => (zstd.read(buf), "zstd"),
                State::Ended(_) => return Ok(0),
            };
            match result {
                Ok(0) if matches!(self.state, State::Gzip(_)) && !buf.is_empty() => self.gzip_member_ended()?,
                Ok(n) => return Ok(n),
                Err(e) if e.kind() == ErrorKind::Interrupted => return Err(e),
                Err(e) => {
                    let at = self.position().max(at);
                    self.state = State::Ended(at);
                    return Err(corrupt(problem(e, format, at)));
                }
            }
        }
    }
}

fn problem(e: io::Error, format: &'static str, at: u64) -> Problem {
    match e.kind() {
        _ if format == "plain" || e.raw_os_error().is_some() => Problem::Io { at, detail: e },
        ErrorKind::UnexpectedEof => Problem::Cut { format, at },
        _ => Problem::Corrupt { format, at, detail: e.to_string() },
    }
}

fn corrupt(problem: Problem) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, problem)
}

fn position<R: Read>(raw: &Raw<R>) -> u64 {
    raw.get_ref().read - raw.buffer().len() as u64
}

fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, rest @ ..] if rest == ZSTD_SKIPPABLE)
}

fn zstd_decoder<R: Read>(raw: Raw<R>) -> io::Result<zstd::stream::read::Decoder<'static, Raw<R>>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// Reads up to four bytes, and none after the first that shows that this is not compressed: a live source may have no
/// more for now.
fn first_bytes(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(4);
    let mut byte = [0];
    while head.len() < 4 && could_be_compressed(&head) {
        match source.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.extend_from_slice(&byte),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(head)
}

fn could_be_compressed(head: &[u8]) -> bool {
    let skippable = match head {
        [] => true,
        [first, rest @ ..] => matches!(first, 0x50..=0x5f) && ZSTD_SKIPPABLE.starts_with(rest),
    };
    skippable || GZIP.starts_with(head) || ZSTD.starts_with(head)
}

/// Puts the bytes that were looked at back in front of the rest.
struct Prefixed<R> {
    head: io::Cursor<Vec<u8>>,
    source: R,
}

impl<R: Read> Read for Prefixed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buf)? {
            0 => self.source.read(buf),
            n => Ok(n),
        }
    }
}

struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read += n as u64;
        Ok(n)
    }
}
