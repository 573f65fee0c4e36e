//! Addresses and networks, as numbers: whether an address lies in one of many networks is one search.

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
        let address: IpAddr = std::str::from_utf8(text).ok()?.parse().ok()?;
        Some(match address.to_canonical() {
            IpAddr::V4(address) => Address::V4(address.to_bits()),
            IpAddr::V6(address) => Address::V6(address.to_bits()),
        })
    }
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
