//! The blocks that the host has asked for: the only addresses that a call accepts.
//!
//! A log shipper asks for two with each record, for the tag and for the record, and gives them back. So the last blocks
//! that came back are kept, and lent again where they are large enough: that takes a few steps where the allocator and a
//! map of blocks take a thousand, each of which is dear in an interpreter.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;

/// Live blocks by their address.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    live: BTreeMap<usize, Layout>,
    /// Blocks that stay, the smaller first: one for tags and one for records.
    kept: [Kept; 2],
}

/// A block that is lent again and again.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    address: usize,
    /// What was allocated; 0 where there is no block yet.
    size: usize,
    /// What it is lent as; 0 while it is not.
    lent: usize,
}

/// Blocks are aligned for any plain data that a host might write.
const ALIGN: usize = 16;
/// The most that one block may take: lengths are i32 in the ABI.
const LARGEST: usize = i32::MAX as usize;
/// The most that each kept block may take.
const KEPT: [usize; 2] = [256, 64 << 10];

impl Blocks {
    pub(crate) const fn new() -> Self {
        const NONE: Kept = Kept { address: 0, size: 0, lent: 0 };
        Self { live: BTreeMap::new(), kept: [NONE; 2] }
    }

    /// A zeroed block; 0 where `length` is none or there is no memory for it.
    pub(crate) fn allocate(&mut self, length: usize) -> usize {
        let Some(layout) = layout(length) else { return 0 };
        // SAFETY: the layout's size is not zero.
        let address = unsafe { alloc_zeroed(layout) } as usize;
        if address != 0 {
            self.live.insert(address, layout);
        }
        address
    }

    /// The same of what the host writes to anyway: there is something in it already.
    pub(crate) fn lend(&mut self, length: usize) -> usize {
        let fits = |(kept, most): &(&mut Kept, usize)| kept.lent == 0 && length <= *most;
        let kept = self.kept.iter_mut().zip(KEPT).find(fits).filter(|_| length > 0);
        let Some((kept, _)) = kept else { return self.allocate(length) };
        if kept.size < length && !kept.grow(length) {
            return 0;
        }
        kept.lent = length;
        kept.address
    }

    /// Gives a block back; false if there is no block at this address.
    pub(crate) fn free(&mut self, address: usize) -> bool {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.lent > 0 && kept.address == address) {
            kept.lent = 0;
            return true;
        }
        let Some(layout) = self.live.remove(&address) else { return false };
        // SAFETY: the block was allocated by `allocate` with this layout, and leaves the map before it is freed, so it
        // is freed once.
        unsafe { dealloc(address as *mut u8, layout) };
        true
    }

    /// Whether a range lies inside one live block of the map.
    #[cold]
    #[inline(never)]
    fn is_live(&self, address: usize, length: usize) -> bool {
        let block = self.live.range(..=address).next_back();
        block.is_some_and(|(start, layout)| {
            let (offset, size) = (address - start, layout.size());
            length <= size && offset <= size - length
        })
    }

    /// The bytes of a range that lies inside one live block.
    #[inline]
    pub(crate) fn bytes(&self, address: usize, length: usize) -> Option<&[u8]> {
        if !self.kept.iter().any(|kept| kept.holds(address, length)) && !self.is_live(address, length) {
            return None;
        }
        // SAFETY: the range lies inside a live block, which is initialised (zeroed at first), and nobody writes to it
        // while the borrow lasts: the host writes only between calls, and no call of ours writes to blocks.
        Some(unsafe { std::slice::from_raw_parts(address as *const u8, length) })
    }

    /// The same, and whether a NUL stands behind them.
    #[inline]
    pub(crate) fn text(&self, address: usize, length: usize) -> (Option<&[u8]>, bool) {
        // Nearly always the NUL is in the same block, and both are found at once.
        if let Some([bytes @ .., 0]) = self.bytes(address, length.wrapping_add(1)) {
            return (Some(bytes), true);
        }
        let bytes = self.bytes(address, length);
        let behind = self.bytes(address.wrapping_add(length), 1);
        (bytes, bytes.is_some() && behind == Some(&[0]))
    }
}

impl Kept {
    /// Whether a range lies inside of what is lent.
    #[inline]
    fn holds(&self, address: usize, length: usize) -> bool {
        let offset = address.wrapping_sub(self.address);
        offset < self.lent && length <= self.lent - offset
    }

    /// Makes the block larger, so that all that is about as long as the last fits; false where there is no memory for it.
    fn grow(&mut self, length: usize) -> bool {
        if let Some(before) = layout(self.size) {
            // SAFETY: the block was allocated below with this layout, and its address is forgotten.
            unsafe { dealloc(self.address as *mut u8, before) };
        }
        *self = Self::default();
        let Some(layout) = layout(length.next_power_of_two()) else { return false };
        // SAFETY: the layout's size is not zero.
        let address = unsafe { alloc_zeroed(layout) } as usize;
        if address != 0 {
            *self = Self { address, size: layout.size(), lent: 0 };
        }
        address != 0
    }
}

/// None for a length that no block can have.
fn layout(length: usize) -> Option<Layout> {
    Layout::from_size_align(length, ALIGN).ok().filter(|layout| (1..=LARGEST).contains(&layout.size()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_inside_live_blocks_are_read() {
        let mut blocks = Blocks::new();
        let block = blocks.allocate(10);
        assert_ne!(block, 0);
        assert_eq!(blocks.bytes(block, 10), Some([0u8; 10].as_slice()));
        assert_eq!(blocks.bytes(block + 4, 6).map(<[u8]>::len), Some(6));
        assert_eq!(blocks.bytes(block + 10, 0).map(<[u8]>::len), Some(0));
        for (address, length) in [(block, 11), (block + 4, 7), (block + 11, 0), (block - 1, 1), (0, 0), (0, usize::MAX)]
        {
            assert_eq!(blocks.bytes(address, length), None, "{address} {length}");
        }
        assert!(!blocks.free(block + 1));
        assert!(blocks.free(block));
        assert!(!blocks.free(block));
        assert_eq!(blocks.bytes(block, 1), None);
        assert_eq!(blocks.allocate(0), 0);
        assert_eq!(blocks.allocate(usize::MAX), 0);
    }

    #[test]
    fn a_text_is_its_bytes_and_whether_a_nul_stands_behind_them() {
        let mut blocks = Blocks::new();
        // Blocks are zeroed, so that every byte behind a range is a NUL.
        for block in [blocks.lend(20), blocks.lend(20), blocks.allocate(20)] {
            let length = |start, length| {
                let (bytes, terminated) = blocks.text(start, length);
                (bytes.map(<[u8]>::len), terminated)
            };
            assert_eq!(length(block, 19), (Some(19), true));
            assert_eq!(length(block, 0), (Some(0), true));
            assert_eq!(length(block, 20), (Some(20), false), "nothing of the block is behind it");
            assert_eq!(length(block + 4, 17), (None, false));
            assert_eq!(length(block, usize::MAX), (None, false));
            assert_eq!(length(0, 3), (None, false));
        }
        let block = blocks.allocate(4);
        // SAFETY: the block is live and nobody borrows of it.
        unsafe { std::ptr::write(block as *mut [u8; 4], *b"ab\0c") };
        assert_eq!(blocks.text(block, 2), (Some(&b"ab"[..]), true));
        assert_eq!(blocks.text(block, 1), (Some(&b"a"[..]), false));
    }

    #[test]
    fn a_lent_block_is_lent_again_and_nothing_is_read_of_it_meanwhile() {
        let mut blocks = Blocks::new();
        let (tag, record) = (blocks.lend(20), blocks.lend(1500));
        assert!(tag != 0 && record != 0 && tag != record);
        let third = blocks.lend(30);
        assert!(![0, tag, record].contains(&third), "both kept ones are out");
        assert_eq!(blocks.bytes(tag, 20).map(<[u8]>::len), Some(20));
        assert_eq!(blocks.bytes(tag, 21), None, "what is lent, not what was allocated");
        for block in [tag, record, third] {
            assert!(blocks.free(block));
            assert!(!blocks.free(block));
            assert_eq!(blocks.bytes(block, 1), None);
        }
        assert_eq!((blocks.lend(25), blocks.lend(1900)), (tag, record), "they fit again");
        assert!(blocks.free(record));
        assert_ne!(blocks.lend(60 << 10), 0, "and one that does not fit is made larger");
        let large = blocks.lend(1 << 20);
        assert_eq!(blocks.bytes(large, 1 << 20).map(<[u8]>::len), Some(1 << 20));
        assert!(blocks.free(large) && blocks.live.is_empty());
        assert_eq!(blocks.lend(0), 0);
        assert_eq!(blocks.lend(usize::MAX), 0);
    }
}
