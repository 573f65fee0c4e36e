//! Addresses and networks, for literals such as `10.0.0.0/8`.

use std::net::IpAddr;

/// A network: addresses of one family whose first bits are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddr,
    /// Bits that differ inside the network.
    free: u32,
}

impl Network {
    /// Reads `address/prefix`; bits behind the prefix count as zero. `None` for anything else, a bad prefix included.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        if prefix.len() > 3 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let free = u32::checked_sub(width, prefix.parse().ok()?)?;
        // `::ffff:10.0.0.0/104` is `10.0.0.0/8`; with a prefix below 96 it is a network of IPv6 like any other.
        let first = if free <= 32 { address.to_canonical() } else { address };
        Some(Self { first, free })
    }

    /// Whether `text` is an address inside. `::ffff:a.b.c.d` is `a.b.c.d`, so no network of IPv6 holds it.
    pub(super) fn holds(&self, text: &str) -> bool {
        let Ok(address) = text.parse::<IpAddr>() else { return false };
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(other)) => {
                first.to_bits().checked_shr(self.free) == other.to_bits().checked_shr(self.free)
            }
            (IpAddr::V6(first), IpAddr::V6(other)) => {
                first.to_bits().checked_shr(self.free) == other.to_bits().checked_shr(self.free)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    #[rustfmt::skip]
    fn membership() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", vec!["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "::FFFF:a01:203"], vec!["11.0.0.0", "9.255.255.255", "::10.0.0.1", "10.0.0.1/8", "10.1.2", "010.0.0.1", " 10.0.0.1", "AWS Internal", ""]),
            ("10.1.2.3/8", vec!["10.9.9.9"], vec!["11.1.2.3"]),
            ("0.0.0.0/0", vec!["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], vec!["::", "::1", "2001:db8::1"]),
            ("192.168.1.7/32", vec!["192.168.1.7"], vec!["192.168.1.6", "192.168.1.8"]),
            ("192.168.1.6/31", vec!["192.168.1.6", "192.168.1.7"], vec!["192.168.1.8", "192.168.1.5"]),
            ("::1/128", vec!["::1", "0:0:0:0:0:0:0:1"], vec!["::", "::2", "0.0.0.1", "127.0.0.1"]),
            ("::/0", vec!["::", "2001:db8::1", "ffff::"], vec!["1.2.3.4", "::ffff:1.2.3.4"]),
            ("2001:db8::/32", vec!["2001:db8::", "2001:DB8:ffff::1"], vec!["2001:db9::", "2001:db7:ffff::"]),
            ("2001:db8::/33", vec!["2001:db8:7fff::1"], vec!["2001:db8:8000::"]),
            ("::ffff:10.0.0.0/104", vec!["10.2.3.4", "::ffff:10.2.3.4"], vec!["11.0.0.0", "::"]),
            ("::ffff:0.0.0.0/96", vec!["8.8.8.8"], vec!["::1"]),
            ("::ffff:0.0.0.0/95", vec!["::fffe:1:2"], vec!["8.8.8.8", "::ffff:8.8.8.8"]),
        ] {
            let parsed = Network::parse(network).unwrap();
            for address in inside {
                assert!(parsed.holds(address), "{address} in {network}");
            }
            for address in outside {
                assert!(!parsed.holds(address), "{address} not in {network}");
            }
        }
    }

    #[test]
    #[rustfmt::skip]
    fn other_texts_are_no_networks() {
        for text in [
            "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0/8",
            "10.0.0.0/255.0.0.0", "::1/129", "::g/64", "/8", "/usr/bin", "a/b", "10.0.0.0/8/8", "fe80::1%eth0/64", "010.0.0.0/8",
            "10.0.0.0/0008",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
