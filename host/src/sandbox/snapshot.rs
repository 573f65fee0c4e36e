//! Instances by copying: rules are loaded once, and every other instance with the same rules gets a copy of the first
//! one's linear memory.
//!
//! **Invariant.** Between two calls, all that an instance is lies in its linear memory. The module has no imports; its
//! only mutable global is the stack pointer, which every call puts back; its code writes to no table and drops no
//! segment. So a new instance with the same memory gives the same answers. The tests below read the embedded modules
//! for it; of modules from elsewhere nobody knows, so those load their rules in each instance.
//!
//! A copy is made right after loading, when there are no windows, no counters and no input block yet.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::cache::CodeCache;
use super::code_file::{DIGEST, sha256};
use super::error::SandboxError;
use super::instance::Sandbox;
use super::limits::Limits;
use super::module::Module;
use super::request::LoadReport;

/// Copied and kept on disk in pieces of this size: a page of linear memory. Pages of zeros are left out.
pub(crate) const PAGE: usize = 64 << 10;

/// Loading that took less is not worth a file.
const WORTH_A_FILE: Duration = Duration::from_millis(50);

/// An instance's memory with rules loaded.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The load request that made it.
    request: Vec<u8>,
    pub(crate) image: Image,
    pub(crate) report: LoadReport,
}

/// Linear memory without its pages of zeros.
#[derive(Debug)]
pub(crate) struct Image {
    /// Pages of the memory.
    pub(crate) pages: u32,
    /// Which of them are kept, ascending.
    kept: Vec<u32>,
    /// Those pages, from `start` on: before it lies what was in the same file.
    bytes: Vec<u8>,
    start: usize,
}

impl Image {
    /// The image of a memory, whose length is whole pages.
    pub(crate) fn of(memory: &[u8]) -> Option<Self> {
        let pages = u32::try_from(memory.len() / PAGE).ok()?;
        let filled = |(_, page): &(u32, &[u8])| page.iter().any(|byte| *byte != 0);
        let filled: Vec<(u32, &[u8])> = (0..pages).zip(memory.chunks_exact(PAGE)).filter(filled).collect();
        let mut image = Self { pages, kept: Vec::with_capacity(filled.len()), bytes: Vec::new(), start: 0 };
        image.bytes.reserve_exact(filled.len() * PAGE);
        for (page, bytes) in filled {
            image.kept.push(page);
            image.bytes.extend_from_slice(bytes);
        }
        Some(image)
    }

    /// The pages that are kept, one after the other.
    fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Makes `memory` what the image is of. It is as long as that, and zero from `fresh` on.
    pub(crate) fn write(&self, memory: &mut [u8], fresh: usize) {
        if let Some(initial) = memory.get_mut(..fresh) {
            initial.fill(0);
        }
        for (page, bytes) in self.kept.iter().zip(self.filled().chunks_exact(PAGE)) {
            let start = *page as usize * PAGE;
            if let Some(place) = memory.get_mut(start..start + PAGE) {
                place.copy_from_slice(bytes);
            }
        }
    }
}

/// The rules that instances of a module were last given.
#[derive(Debug, Default)]
pub(crate) struct Last(Mutex<Outcome>);

#[derive(Debug, Default)]
enum Outcome {
    #[default]
    Nothing,
    /// They were loaded, and can be had while any of the instances is alive.
    Loaded(Weak<Snapshot>),
    /// This request had errors: those who waited for it need not find them again.
    Refused(Vec<u8>, Box<LoadReport>),
}

/// An instance with rules, and what makes the next one cheap if the module allows it.
pub(crate) struct Started {
    pub(crate) sandbox: Sandbox,
    pub(crate) report: LoadReport,
    pub(crate) snapshot: Option<Arc<Snapshot>>,
}

/// Starts an instance with the rules of `request`: by a copy of one that has them, from the cache, or by loading. Whoever
/// asks for the same rules meanwhile waits for the first to have them.
pub(crate) fn start(module: &Module, limits: &Limits, request: &[u8]) -> Result<Started, SandboxError> {
    if !module.is_shipped() {
        let (sandbox, report) = load(module, limits, request)?;
        return Ok(Started { sandbox, report, snapshot: None });
    }
    let mut last = module.last_rules().0.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Outcome::Refused(refused, report) if refused == request => return Err(SandboxError::Rules(report.clone())),
        Outcome::Loaded(snapshot) => {
            if let Some(snapshot) = snapshot.upgrade().filter(|snapshot| snapshot.request == request) {
                drop(last);
                return copy(module, limits, snapshot);
            }
        }
        _ => {}
    }
    // A file that is whole and yet fits no instance is passed over like any other damage.
    if let Some(snapshot) = cached(module, request).map(Arc::new)
        && let Ok(started) = copy(module, limits, Arc::clone(&snapshot))
    {
        *last = Outcome::Loaded(Arc::downgrade(&snapshot));
        return Ok(started);
    }
    let begun = Instant::now();
    let (sandbox, report) = load(module, limits, request).inspect_err(|error| {
        if let SandboxError::Rules(report) = error {
            *last = Outcome::Refused(request.to_vec(), report.clone());
        }
    })?;
    let took = begun.elapsed();
    let image = sandbox.image();
    let snapshot = image.map(|image| Arc::new(Snapshot { request: request.to_vec(), image, report: report.clone() }));
    *last = snapshot.as_ref().map_or(Outcome::Nothing, |snapshot| Outcome::Loaded(Arc::downgrade(snapshot)));
    drop(last);
    if let Some(snapshot) = snapshot.as_deref().filter(|_| took >= WORTH_A_FILE) {
        keep(module, snapshot);
    }
    Ok(Started { sandbox, report, snapshot })
}

fn load(module: &Module, limits: &Limits, request: &[u8]) -> Result<(Sandbox, LoadReport), SandboxError> {
    let mut sandbox = Sandbox::new(module, limits.clone())?;
    let report = sandbox.load_text(request)?;
    Ok((sandbox, report))
}

/// Another instance like the one that the snapshot is of.
pub(crate) fn copy(module: &Module, limits: &Limits, snapshot: Arc<Snapshot>) -> Result<Started, SandboxError> {
    let sandbox = Sandbox::copy_of(module, limits.clone(), &snapshot)?;
    Ok(Started { sandbox, report: snapshot.report.clone(), snapshot: Some(snapshot) })
}

fn cached(module: &Module, request: &[u8]) -> Option<Snapshot> {
    let cache = module.rule_cache()?;
    let (file, start) = cache.rules(&key(module, request))?;
    let (image, report) = decode(file, start)?;
    Some(Snapshot { request: request.to_vec(), image, report })
}

/// Keeps a snapshot on disk, unless its request holds what may not lie there.
fn keep(module: &Module, snapshot: &Snapshot) {
    if let Some(cache) = module.rule_cache()
        && !holds_secret(&snapshot.request)
        && let Some(head) = head(snapshot)
    {
        cache.put_rules(&key(module, &snapshot.request), &[&head, snapshot.image.filled()]);
    }
}

/// Whether the request may hold the operator's secret, which stays in memory.
fn holds_secret(request: &[u8]) -> bool {
    memchr::memmem::find(request, b"\"redaction_secret\"").is_some()
}

/// What an image is made from: the module and the request, byte for byte.
fn key(module: &Module, request: &[u8]) -> [u8; DIGEST] {
    let mut made_from = module.digest().to_vec();
    made_from.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
    made_from.push(0);
    made_from.extend_from_slice(&sha256(request));
    sha256(&made_from)
}

/// ```text
///  0        4      8             12      16              16 + report
///  +--------+------+-------------+-------+---------------+---------------+-------- - -
///  | report | zero | memory size | kept  | report (JSON) | kept x (page) | pages
///  +--------+------+-------------+-------+---------------+---------------+-------- - -
/// ```
/// Everything before the pages.
fn head(snapshot: &Snapshot) -> Option<Vec<u8>> {
    let report = serde_json::to_vec(&snapshot.report).ok()?;
    let image = &snapshot.image;
    let lengths = [u32::try_from(report.len()).ok()?, 0, image.pages, u32::try_from(image.kept.len()).ok()?];
    let number = |number: &u32| number.to_le_bytes();
    let mut head: Vec<u8> = lengths.iter().flat_map(number).collect();
    head.extend_from_slice(&report);
    head.extend(image.kept.iter().flat_map(number));
    Some(head)
}

/// Reads what [`head`] and the pages after it say, from `at` on; `None` if it makes no sense.
fn decode(file: Vec<u8>, at: usize) -> Option<(Image, LoadReport)> {
    let text = file.get(at..)?;
    let field = |at: usize| Some(u32::from_le_bytes(text.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let (report_bytes, pages, kept) = (field(0)? as usize, field(8)?, field(12)? as usize);
    let report: LoadReport = serde_json::from_slice(text.get(HEAD..HEAD.checked_add(report_bytes)?)?).ok()?;
    let table = HEAD + report_bytes;
    let start = table.checked_add(kept.checked_mul(4)?)?;
    if text.len().checked_sub(start)? != kept.checked_mul(PAGE)? {
        return None;
    }
    let kept: Vec<u32> = (0..kept).map(|index| field(table + 4 * index)).collect::<Option<_>>()?;
    if !kept.is_sorted_by(|a, b| a < b) || kept.last().is_some_and(|last| *last >= pages) {
        return None;
    }
    Some((Image { pages, kept, start: at + start, bytes: file }, report))
}

/// Bytes of the four lengths.
const HEAD: usize = 16;

/// The cache that a module's rules are kept in, and those it was last given.
#[derive(Debug, Default)]
pub(crate) struct RuleMemory {
    pub(crate) last: Last,
    pub(crate) cache: Option<CodeCache>,
}

#[cfg(test)]
mod tests;
