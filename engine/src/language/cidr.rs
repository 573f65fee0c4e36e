//! Literals that look like a network: what the checks need to know of them.

use std::net::IpAddr;

/// A literal of the form `address/…`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NetworkLiteral<'t> {
    /// A network with no bits set behind its prefix.
    Network,
    /// The same with such bits; the network they are masked to.
    HostBits(String),
    /// What follows the slash is no prefix length of this kind of address.
    BadPrefix(&'t str),
}

/// Reads a literal as a network; `None` if what stands before the slash is no address.
pub(crate) fn network_literal(text: &str) -> Option<NetworkLiteral<'_>> {
    let (address, prefix) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let digits = !prefix.is_empty() && prefix.len() <= 3 && prefix.bytes().all(|b| b.is_ascii_digit());
    let Some(length) = prefix.parse::<u32>().ok().filter(|length| digits && *length <= bits) else {
        return Some(NetworkLiteral::BadPrefix(prefix));
    };
    let masked = mask(address, length);
    Some(if masked == address {
        NetworkLiteral::Network
    } else {
        NetworkLiteral::HostBits(format!("{masked}/{length}"))
    })
}

fn mask(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(32 - length).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(128 - length).unwrap_or(0)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_from_other_texts() {
        assert_eq!(network_literal("10.0.0.0/8"), Some(NetworkLiteral::Network));
        assert_eq!(network_literal("::/0"), Some(NetworkLiteral::Network));
        assert_eq!(network_literal("10.1.2.3/8"), Some(NetworkLiteral::HostBits("10.0.0.0/8".into())));
        assert_eq!(network_literal("10.0.0.0/33"), Some(NetworkLiteral::BadPrefix("33")));
        assert_eq!(network_literal("::1/"), Some(NetworkLiteral::BadPrefix("")));
        assert_eq!(network_literal("/usr/bin"), None);
        assert_eq!(network_literal("10.0.0.1"), None);
    }
}
