//! A batch of events as the host writes it.
//!
//! ```text
//! 0        1      2            4      8                  16      16 + tag
//! +--------+------+------------+------+------------------+-------+-----------
//! | format | zero | tag length | zero | shipper time, ms | tag   | events
//! +--------+------+------------+------+------------------+-------+-----------
//! ```
//!
//! Little endian. Format 1: events end at line feeds, lines of blanks are none. Format 2: before each event its length
//! as u32. Format 3: the same with events of MessagePack.

use crate::msgpack;
use crate::status::Status;
use std::borrow::Cow;

const HEADER: usize = 16;
const FORMAT_LINES: u8 = 1;
const FORMAT_FRAMED: u8 = 2;
const FORMAT_MSGPACK: u8 = 3;

/// The events of a batch, in order.
pub(crate) fn events(batch: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, Status> {
    let header = batch.get(..HEADER).ok_or(Status::BadBatch)?;
    let (Some(&format), Some(tag)) = (header.first(), header.get(2..4)) else { return Err(Status::BadBatch) };
    let reserved = header.get(1).into_iter().chain(header.get(4..8).into_iter().flatten());
    if reserved.into_iter().any(|byte| *byte != 0) {
        return Err(Status::BadBatch);
    }
    let tag = tag.iter().rev().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    let payload = batch.get(HEADER + tag..).ok_or(Status::BadBatch)?;
    match format {
        FORMAT_LINES => Ok(lines(payload)),
        FORMAT_FRAMED => Ok(framed(payload)?.into_iter().map(Cow::Borrowed).collect()),
        FORMAT_MSGPACK => Ok(framed(payload)?.into_iter().map(from_msgpack).collect()),
        _ => Err(Status::BadBatch),
    }
}

/// What is no MessagePack becomes no bytes, which are no JSON.
fn from_msgpack(event: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(msgpack::to_json(event).map(String::into_bytes).unwrap_or_default())
}

fn lines(payload: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let trimmed = payload.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    trimmed.filter(|line| !line.trim_ascii().is_empty()).map(Cow::Borrowed).collect()
}

fn framed(mut payload: &[u8]) -> Result<Vec<&[u8]>, Status> {
    let mut events = Vec::new();
    while !payload.is_empty() {
        let (length, rest) = payload.split_first_chunk::<4>().ok_or(Status::BadBatch)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Status::BadBatch)?;
        let (event, rest) = rest.split_at_checked(length).ok_or(Status::BadBatch)?;
        events.push(event);
        payload = rest;
    }
    Ok(events)
}
