//! Addresses and networks, as numbers: whether an address lies in one of many networks, and in which, is one search.

use std::cmp::Reverse;
use std::mem::discriminant;
use std::net::IpAddr;

/// An address of a known family. `::ffff:a.b.c.d` is the IPv4 address that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Address {
    V4(u32),
    V6(u128),
}

impl Address {
    /// Reads an address; most texts are none, and are told by their length and the bytes at their ends.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        const LONGEST: usize = 45;
        let stands = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':');
        if text.len() > LONGEST || !stands(text.first()) || !stands(text.last()) {
            return None;
        }
        // Nearly all addresses in a log are of this kind, and the standard library takes four times the steps.
        if let Some(address) = dotted(text) {
            return Some(Address::V4(address));
        }
        let address: IpAddr = std::str::from_utf8(text).ok().filter(|text| text.contains(':'))?.parse().ok()?;
        Some(match address.to_canonical() {
            IpAddr::V4(address) => Address::V4(address.to_bits()),
            IpAddr::V6(address) => Address::V6(address.to_bits()),
        })
    }
}

/// An address of four numbers with dots between them, none with a zero in front.
fn dotted(text: &[u8]) -> Option<u32> {
    let (mut address, mut dots) = (0, 0);
    let mut part: Option<u32> = None;
    for byte in text {
        part = match (byte, part) {
            (b'0'..=b'9', None) => Some(u32::from(byte - b'0')),
            (b'0'..=b'9', Some(part @ 1..=25)) => Some(part * 10 + u32::from(byte - b'0')),
            (b'.', Some(part @ ..256)) => {
                address = address << 8 | part;
                dots += 1;
                None
            }
            _ => return None,
        };
    }
    Some(address << 8 | part.filter(|part| dots == 3 && *part < 256)?)
}

/// The first and the last address of a network written `address/length`; bits behind the length count as zero.
pub(super) fn network(text: &[u8]) -> Option<(Address, Address)> {
    let (address, length) = std::str::from_utf8(text).ok()?.split_once('/')?;
    if !(1..=3).contains(&length.len()) || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(first) if length <= 32 => Some(network_v4(first.to_bits(), length)),
        IpAddr::V6(first) if length <= 128 => Some(match first.to_ipv4_mapped() {
            // A network of IPv4 written as one of IPv6; with a shorter length it holds other addresses too.
            Some(inner) if length >= 96 => network_v4(inner.to_bits(), length - 96),
            _ => {
                let free = u128::MAX.checked_shr(length).unwrap_or(0);
                (Address::V6(first.to_bits() & !free), Address::V6(first.to_bits() | free))
            }
        }),
        _ => None,
    }
}

fn network_v4(first: u32, length: u32) -> (Address, Address) {
    let free = u32::MAX.checked_shr(length).unwrap_or(0);
    (Address::V4(first & !free), Address::V4(first | free))
}

/// Many networks, merged: ranges of addresses in order, none touching another.
#[derive(Debug, Clone, Default)]
pub(super) struct Networks(Vec<(Address, Address)>);

impl Networks {
    /// The networks among some texts.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t [u8]>) -> Self {
        let mut all: Vec<_> = texts.filter_map(network).collect();
        all.sort_unstable();
        let mut merged: Vec<(Address, Address)> = Vec::new();
        for (first, last) in all {
            match merged.last_mut() {
                // Families sort apart, so a range never reaches into the other one.
                Some(before) if before.1 >= first => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a text is an address inside.
    pub(super) fn hold(&self, text: &[u8]) -> bool {
        !self.is_empty() && Address::read(text).is_some_and(|address| self.hold_address(address))
    }

    fn hold_address(&self, address: Address) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= address);
        behind.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| address <= *last)
    }
}

/// Networks, each with a number: all that an address lies in are found by one search and a walk outwards through one
/// nest: as many steps as networks lie in one another there, at most 33 of IPv4 and 129 of IPv6.
#[derive(Debug, Clone, Default)]
pub(super) struct Nests {
    v4: Nest<u32>,
    v6: Nest<u128>,
}

impl Nests {
    /// Adds a network; gives its number, which is the known one if it was added last.
    ///
    /// For the caller to see to, and asserted in debug builds: both addresses are of one family, as those of a network are,
    /// and networks of a family come in the order of their first addresses, of those that begin alike the largest first. So
    /// all that a network lies in were added before it.
    pub(super) fn push(&mut self, first: Address, last: Address, number: u32) -> u32 {
        debug_assert_eq!(discriminant(&first), discriminant(&last), "a network is of one family");
        match (first, last) {
            (Address::V4(first), Address::V4(last)) => self.v4.push(first, last, number),
            (Address::V6(first), Address::V6(last)) => self.v6.push(first, last, number),
            _ => number,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.v4.firsts.is_empty() && self.v6.firsts.is_empty()
    }

    /// Calls `visit` with the number of each network that an address lies in.
    #[inline]
    pub(super) fn each(&self, address: Address, visit: impl FnMut(u32)) {
        match address {
            Address::V4(address) => self.v4.each(address, visit),
            Address::V6(address) => self.v6.each(address, visit),
        }
    }
}

/// Those of one family. Two networks have nothing in common, or one lies in the other.
#[derive(Debug, Clone, Default)]
struct Nest<A> {
    /// The first address of each, in order; of those that begin alike the largest comes first.
    firsts: Vec<A>,
    /// Of each its last address, the place of the smallest around it, [`NOTHING`] where there is none, and its number.
    others: Vec<(A, u32, u32)>,
}

const NOTHING: u32 = u32::MAX;

impl<A: Copy + Ord> Nest<A> {
    /// Adds a network, in the order of [`Nests::push`]; gives its number.
    fn push(&mut self, first: A, last: A, number: u32) -> u32 {
        let before = self.firsts.last().copied().zip(self.others.last().copied());
        if let Some((same, (end, _, known))) = before
            && (same, end) == (first, last)
        {
            return known;
        }
        debug_assert!(
            before.is_none_or(|(before, (end, ..))| (before, Reverse(end)) < (first, Reverse(last))),
            "networks are added in their order"
        );
        let mut around = u32::try_from(self.firsts.len()).map_or(NOTHING, |count| count.wrapping_sub(1));
        while let Some((end, further, _)) = self.others.get(around as usize) {
            if *end >= last {
                break;
            }
            around = *further;
        }
        self.firsts.push(first);
        self.others.push((last, around, number));
        number
    }

    #[inline]
    fn each(&self, address: A, mut visit: impl FnMut(u32)) {
        // What holds the address is the last network that begins before it or at it, or lies around that one.
        let behind = self.firsts.partition_point(|first| *first <= address);
        let mut place = behind.wrapping_sub(1);
        while let Some((last, around, number)) = self.others.get(place) {
            if address <= *last {
                visit(*number);
            }
            place = *around as usize;
        }
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a network is of one family")]
    fn a_network_of_two_families_is_the_callers_fault() {
        Nests::default().push(Address::V4(0), Address::V6(1), 0);
    }

    fn push_all(networks: &[&str]) {
        let mut nests = Nests::default();
        for ((first, last), number) in networks.iter().filter_map(|text| network(text.as_bytes())).zip(0..) {
            nests.push(first, last, number);
        }
    }

    #[test]
    #[should_panic(expected = "networks are added in their order")]
    fn a_network_behind_a_later_one_is_the_callers_fault() {
        push_all(&["10.1.0.0/16", "10.0.0.0/8"]);
    }

    #[test]
    #[should_panic(expected = "networks are added in their order")]
    fn a_network_behind_a_smaller_one_is_the_callers_fault() {
        // The families come apart.
        push_all(&["10.0.0.0/8", "fd00::/8", "10.0.0.0/8", "10.1.0.0/16", "fd00::/16", "fd00::/9"]);
    }
}
