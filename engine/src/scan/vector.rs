//! Many bytes at a time. This is the engine's only file with unsafe code, and each use is a load whose bounds were just
//! checked, or an instruction that the processor was just seen to have.
//!
//! Scanning JSON asks two questions of the bytes ahead, whatever the machine: *where is the first byte that a string's
//! plain text cannot hold*, and *do these bytes begin with that text*. [`Vector`] is the interface; behind it stand
//! 128-bit vectors (SSE2, AVX where the processor has it, NEON, wasm's simd128), and 64-bit words for
//! everything else, Fluent Bit's runtime among them. All give the same answers, which the tests hold them to.

#![expect(unsafe_code, reason = "loads and instructions that safe Rust has no name for")]

/// Some consecutive bytes of a text.
pub(crate) trait Vector: Copy {
    /// How many bytes.
    const LANES: usize;

    /// Whether most strings take more than two: then a loop is shorter than a call, which interpreters pay dearly.
    const FEW: bool = false;

    /// Whether a sandbox looks at the clock at the head of each loop: then fewer, longer turns pay.
    const CLOCKED: bool = false;

    /// The bytes of an array as long.
    ///
    /// # Safety
    /// [`Vector::LANES`] bytes can be read at the address.
    unsafe fn read(from: *const u8) -> Self;

    /// The bytes at a place; `None` where fewer than [`Vector::LANES`] are left.
    #[inline(always)]
    fn load(text: &[u8], at: usize) -> Option<Self> {
        // How many places there are is the same for every load from a text: in a loop this is one comparison.
        if at >= text.len().saturating_sub(Self::LANES - 1) {
            return None;
        }
        // SAFETY: the vector ends before the text does.
        Some(unsafe { Self::read(text.as_ptr().add(at)) })
    }

    /// The first byte that is a quote, a backslash, a control character or no ASCII: what ends or interrupts the plain
    /// text of a string.
    fn stop(self) -> Option<usize>;

    /// The same of the bytes behind the first `lanes`, which are fewer than all.
    fn stop_behind(self, lanes: usize) -> Option<usize>;

    /// Whether the first `lanes` bytes are the same in both.
    fn same(self, other: Self, lanes: usize) -> bool;

    /// Does work in a function of its own, which may use the vector's instructions as its caller may.
    #[inline(never)]
    fn apart<W: Work>(work: W) -> W::Output {
        work.with::<Self>()
    }
}

/// Eight bytes in a word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word(u64);

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

impl Vector for Word {
    const LANES: usize = 8;
    const FEW: bool = true;

    #[inline(always)]
    unsafe fn read(from: *const u8) -> Self {
        // SAFETY: as the caller says; the read asks for no alignment.
        Self(u64::from_le_bytes(unsafe { from.cast::<[u8; 8]>().read_unaligned() }))
    }

    /// A borrow in the subtractions can mark bytes above a true mark, never below one, and the lowest is all that counts.
    /// Turning over the second bit swaps the quote with the blank and keeps control characters below it: one subtraction
    /// finds them all. Bytes that are no ASCII are marked themselves, whatever the subtractions make of them.
    #[inline(always)]
    fn stop(self) -> Option<usize> {
        let quotes_and_controls = (self.0 ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
        let backslashes = (self.0 ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let marks = (quotes_and_controls | backslashes | self.0) & HIGHS;
        (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
    }

    /// Marks above a true one may be wrong, so the bytes before are shifted out, not their marks. The zeros that come in
    /// behind the others count as stops, at a lane that there is not.
    #[inline(always)]
    fn stop_behind(self, lanes: usize) -> Option<usize> {
        let stop = Self(self.0 >> (lanes * 8)).stop();
        stop.map(|lane| lane + lanes).filter(|lane| *lane < Self::LANES)
    }

    #[inline(always)]
    fn same(self, other: Self, lanes: usize) -> bool {
        let kept = if lanes < 8 { (1 << (lanes * 8)) - 1 } else { u64::MAX };
        (self.0 ^ other.0) & kept == 0
    }
}

/// Implements [`Vector`] of sixteen lanes where one instruction gathers a bit of each.
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
macro_rules! vector {
    ($name:ident, $load:expr, $stops:expr, $equal:expr $(, $more:item)?) => {
        impl Vector for $name {
            const LANES: usize = 16;

            #[inline(always)]
            unsafe fn read(from: *const u8) -> Self {
                // SAFETY: as the caller says; the load asks for no alignment.
                Self(unsafe { $load(from.cast()) })
            }

            #[inline(always)]
            fn stop(self) -> Option<usize> {
                let marks: u32 = $stops(self.0);
                (marks != 0).then(|| marks.trailing_zeros() as usize)
            }

            #[inline(always)]
            fn stop_behind(self, lanes: usize) -> Option<usize> {
                let marks: u32 = $stops(self.0) >> lanes;
                (marks != 0).then(|| lanes + marks.trailing_zeros() as usize)
            }

            #[inline(always)]
            fn same(self, other: Self, lanes: usize) -> bool {
                // The marks of lanes that there are not are all set.
                (!$equal(self.0, other.0)).trailing_zeros() as usize >= lanes
            }

            $($more)?
        }
    };
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use super::Vector;
    use core::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_lt, i8x16_splat, u8x16_splat, v128, v128_load, v128_or};

    /// Sixteen bytes in a register of simd128.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Simd128(v128);

    // Bytes from 0x80 on are negative as signed ones: one comparison finds them and the control characters.
    #[inline(always)]
    fn stops(bytes: v128) -> u32 {
        let quotes = i8x16_eq(bytes, u8x16_splat(b'"'));
        let backslashes = i8x16_eq(bytes, u8x16_splat(b'\\'));
        let others = i8x16_lt(bytes, i8x16_splat(0x20));
        u32::from(i8x16_bitmask(v128_or(v128_or(quotes, backslashes), others)))
    }

    #[inline(always)]
    fn equal(left: v128, right: v128) -> u32 {
        u32::from(i8x16_bitmask(i8x16_eq(left, right)))
    }

    vector!(Simd128, v128_load, stops, equal, const CLOCKED: bool = true;);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    };

    /// Sixteen bytes in a register of SSE2, which every x86-64 has.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Sse2(__m128i);

    const QUOTE: i8 = 0x22;
    const BACKSLASH: i8 = 0x5c;
    const BLANK: i8 = 0x20;

    // Bytes from 0x80 on are negative as signed ones: one comparison finds them and the control characters.
    #[inline(always)]
    fn stops(bytes: __m128i) -> u32 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe {
            let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(QUOTE));
            let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(BACKSLASH));
            let others = _mm_cmplt_epi8(bytes, _mm_set1_epi8(BLANK));
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), others)).cast_unsigned()
        }
    }

    #[inline(always)]
    fn equal(left: __m128i, right: __m128i) -> u32 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(left, right)).cast_unsigned() }
    }

    vector!(Sse2, _mm_loadu_si128, stops, equal);

    /// Sixteen bytes, for code that may use what x86-64 processors since about 2013 have: AVX's forms of the same
    /// instructions, which leave their operands as they were, and bit counting. Only [`super::dispatch`] names it, after
    /// asking the processor. Registers of 32 bytes were slower by a fifth: texts are short, and code around them waits for
    /// the halves to be cleared.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Avx(__m128i);

    vector!(
        Avx,
        _mm_loadu_si128,
        stops,
        equal,
        #[inline(always)]
        fn apart<W: super::Work>(work: W) -> W::Output {
            // SAFETY: whoever makes an `Avx` has seen that the processor has it.
            unsafe { super::with_avx(work) }
        }
    );
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Vector;
    use core::arch::aarch64::{
        uint8x16_t, vceqq_u8, vcltq_s8, vdupq_n_s8, vdupq_n_u8, vget_lane_u64, vld1q_u8, vorrq_u8, vreinterpret_u64_u8,
        vreinterpretq_s8_u8, vreinterpretq_u16_u8, vshrn_n_u16,
    };

    /// Sixteen bytes in a register of NEON, which every aarch64 has.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Neon(uint8x16_t);

    /// NEON has no instruction that gathers a bit of each lane; narrowing gives four bits of each.
    #[inline(always)]
    fn nibbles(marks: uint8x16_t) -> u64 {
        // SAFETY: NEON is part of aarch64.
        unsafe { vget_lane_u64::<0>(vreinterpret_u64_u8(vshrn_n_u16::<4>(vreinterpretq_u16_u8(marks)))) }
    }

    /// What ends or interrupts a string's text, four bits a lane.
    #[inline(always)]
    fn stops(bytes: uint8x16_t) -> u64 {
        // SAFETY: NEON is part of aarch64.
        unsafe {
            let quotes = vceqq_u8(bytes, vdupq_n_u8(b'"'));
            let backslashes = vceqq_u8(bytes, vdupq_n_u8(b'\\'));
            let others = vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(0x20));
            nibbles(vorrq_u8(vorrq_u8(quotes, backslashes), others))
        }
    }

    impl Vector for Neon {
        const LANES: usize = 16;

        #[inline(always)]
        unsafe fn read(from: *const u8) -> Self {
            // SAFETY: as the caller says; the load asks for no alignment.
            Self(unsafe { vld1q_u8(from) })
        }

        #[inline(always)]
        fn stop(self) -> Option<usize> {
            let marks = stops(self.0);
            (marks != 0).then(|| marks.trailing_zeros() as usize / 4)
        }

        #[inline(always)]
        fn stop_behind(self, lanes: usize) -> Option<usize> {
            let marks = stops(self.0) >> (lanes * 4);
            (marks != 0).then(|| lanes + marks.trailing_zeros() as usize / 4)
        }

        #[inline(always)]
        fn same(self, other: Self, lanes: usize) -> bool {
            // SAFETY: NEON is part of aarch64.
            let different = unsafe { !nibbles(vceqq_u8(self.0, other.0)) };
            lanes == 0 || different << (64 - lanes * 4) == 0
        }
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
pub(crate) use Word as Native;
#[cfg(target_arch = "aarch64")]
pub(crate) use arm::Neon as Native;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm::Simd128 as Native;
// Private: only `dispatch` may name it, which asks the processor first.
#[cfg(target_arch = "x86_64")]
use x86::Avx;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::Sse2 as Native;

/// Work that can be done with any kind of vector.
pub(crate) trait Work {
    /// What it gives.
    type Output;

    /// Does it. Implementations are `#[inline(always)]`, so that they become part of a function that may use the
    /// vector's instructions.
    fn with<V: Vector>(self) -> Self::Output;
}

/// The kinds of vectors that a scan can be done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 64-bit words: what any machine has.
    Word,
    /// The 128-bit vectors of this build; words where it has none.
    Native,
    /// The same with the instructions of newer processors. [`Width::Native`] where this one has none.
    Modern,
}

impl Default for Width {
    fn default() -> Self {
        Self::best()
    }
}

impl Width {
    /// The fastest that this processor has.
    #[must_use]
    pub fn best() -> Self {
        if is_modern() { Width::Modern } else { Width::Native }
    }
}

#[cfg(target_arch = "x86_64")]
fn is_modern() -> bool {
    use std::is_x86_feature_detected as has;
    has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
}

#[cfg(not(target_arch = "x86_64"))]
fn is_modern() -> bool {
    false
}

/// Does work with one kind of vector.
#[inline(always)]
pub(crate) fn dispatch<W: Work>(width: Width, work: W) -> W::Output {
    match width {
        Width::Word => work.with::<Word>(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has just been asked.
        Width::Modern if is_modern() => unsafe { with_avx(work) },
        Width::Native | Width::Modern => work.with::<Native>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline(never)]
fn with_avx<W: Work>(work: W) -> W::Output {
    work.with::<Avx>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive_stop(bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x80..))
    }

    /// Every byte in every place, behind bytes that could carry into it.
    struct Check;

    impl Work for Check {
        type Output = usize;

        #[inline(always)]
        fn with<V: Vector>(self) -> usize {
            let mut checked = 0;
            for filler in [b'a', b'!', b'#', b'[', b']', 0x7f, b' '] {
                for lane in 0..V::LANES {
                    for byte in 0..=255u8 {
                        let mut bytes = vec![filler; V::LANES + 3];
                        bytes[lane] = byte;
                        let vector = V::load(&bytes, 0).unwrap();
                        assert_eq!(vector.stop(), naive_stop(&bytes[..V::LANES]), "{byte:#x} at {lane} of {filler:#x}");
                        for passed in 0..V::LANES {
                            let behind = naive_stop(&bytes[passed..V::LANES]).map(|stop| passed + stop);
                            assert_eq!(vector.stop_behind(passed), behind, "{byte:#x} at {lane}, behind {passed}");
                        }
                        let other = V::load(&vec![filler; V::LANES], 0).unwrap();
                        for lanes in 0..=V::LANES {
                            assert_eq!(vector.same(other, lanes), lanes <= lane || byte == filler, "{lanes} of {lane}");
                        }
                        checked += 1;
                    }
                }
            }
            assert!(V::load(&vec![0; V::LANES - 1], 0).is_none() && V::load(&vec![0; V::LANES], 1).is_none());
            checked
        }
    }

    #[test]
    fn every_kind_of_vector_sees_the_same() {
        for width in [Width::Word, Width::Native, Width::Modern] {
            assert!(dispatch(width, Check) >= 7 * 8 * 256);
        }
    }

    #[test]
    fn two_stops_in_one_word_give_the_first() {
        for first in 0..8 {
            for second in first..8 {
                for byte in [b'"', b'\\', 0x1f, 0x80, b'!', b'#'] {
                    let mut bytes = [b'x'; 8];
                    bytes[second] = byte;
                    bytes[first] = b'"';
                    assert_eq!(Word::load(&bytes, 0).unwrap().stop(), Some(first));
                }
            }
        }
    }
}
