//! The blocks that the host has asked for: the only addresses that a call accepts.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;

/// Live blocks by their address.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    live: BTreeMap<usize, Layout>,
}

/// Blocks are aligned for any plain data that a host might write.
const ALIGN: usize = 16;
/// The most that one block may take: lengths are i32 in the ABI.
const LARGEST: usize = i32::MAX as usize;

impl Blocks {
    pub(crate) const fn new() -> Self {
        Self { live: BTreeMap::new() }
    }

    /// A zeroed block; 0 where `length` is none or there is no memory for it.
    pub(crate) fn allocate(&mut self, length: usize) -> usize {
        let layout = Layout::from_size_align(length, ALIGN);
        let Some(layout) = layout.ok().filter(|layout| (1..=LARGEST).contains(&layout.size())) else { return 0 };
        // SAFETY: the layout's size is not zero.
        let address = unsafe { alloc_zeroed(layout) } as usize;
        if address != 0 {
            self.live.insert(address, layout);
        }
        address
    }

    /// Gives a block back; false if there is no block at this address.
    pub(crate) fn free(&mut self, address: usize) -> bool {
        let Some(layout) = self.live.remove(&address) else { return false };
        // SAFETY: the block was allocated by `allocate` with this layout, and leaves the map before it is freed, so it
        // is freed once.
        unsafe { dealloc(address as *mut u8, layout) };
        true
    }

    /// The bytes of a range that lies inside one live block.
    pub(crate) fn bytes(&self, address: usize, length: usize) -> Option<&[u8]> {
        let (start, layout) = self.live.range(..=address).next_back()?;
        let offset = address - start;
        if length > layout.size() || offset > layout.size() - length {
            return None;
        }
        // SAFETY: the range lies inside a live block, which is initialised (zeroed at first), and nobody writes to it
        // while the borrow lasts: the host writes only between calls, and no call of ours writes to blocks.
        Some(unsafe { std::slice::from_raw_parts(address as *const u8, length) })
    }
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
}
