//! Address ranges as registries write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

/// A range of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    v6: bool,
    first: u128,
    last: u128,
}

/// Most prefixes one range is split into.
const MAX_PREFIXES: usize = 64;

impl Range {
    pub(crate) fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        let (v6, first, last) = match (first, last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (false, u32::from(a).into(), u32::from(b).into()),
            (IpAddr::V6(a), IpAddr::V6(b)) => (true, u128::from(a), u128::from(b)),
            _ => return None,
        };
        (first <= last).then_some(Self { v6, first, last })
    }

    fn address(self, number: u128) -> IpAddr {
        match u32::try_from(number) {
            Ok(number) if !self.v6 => Ipv4Addr::from(number).into(),
            _ => Ipv6Addr::from(number).into(),
        }
    }

    pub(crate) fn first(self) -> IpAddr {
        self.address(self.first)
    }

    pub(crate) fn last(self) -> IpAddr {
        self.address(self.last)
    }

    /// One less than the number of addresses, so that all of IPv6 fits.
    pub(crate) fn size(self) -> u128 {
        self.last - self.first
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last <= self.last
    }

    /// The whole address family: what registries answer for "not ours".
    pub(crate) fn is_everything(self) -> bool {
        self.first == 0 && self.last == if self.v6 { u128::MAX } else { u32::MAX.into() }
    }

    /// The range as prefixes.
    pub(crate) fn cidr(self) -> Vec<String> {
        match (self.first(), self.last()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => texts(Ipv4Subnets::new(a, b, 0)),
            (IpAddr::V6(a), IpAddr::V6(b)) => texts(Ipv6Subnets::new(a, b, 0)),
            _ => Vec::new(),
        }
    }
}

fn texts<T: ToString>(prefixes: impl Iterator<Item = T>) -> Vec<String> {
    prefixes
        .take(MAX_PREFIXES)
        .map(|prefix| prefix.to_string())
        .collect()
}

/// Reads `a - b`, a prefix, an address, or LACNIC's shortened prefix `200.160/16`. What follows is ignored.
pub(crate) fn parse(text: &str) -> Option<Range> {
    let text = text.trim();
    if let Some((first, last)) = text.split_once(" - ").or_else(|| text.split_once('-')) {
        let last = last.split_whitespace().next()?;
        return Range::new(first.trim().parse().ok()?, last.parse().ok()?);
    }
    let word = text.split([' ', ',', '[', '\t']).next()?;
    if let Ok(address) = word.parse::<IpAddr>() {
        return Range::new(address, address);
    }
    let net = prefix(word)?;
    Range::new(net.network(), net.broadcast())
}

fn prefix(word: &str) -> Option<IpNet> {
    let (address, length) = word.split_once('/')?;
    let octets = address.split('.').count();
    let padded = if address.contains(':') {
        address.to_owned()
    } else {
        address.to_owned() + &".0".repeat(4usize.saturating_sub(octets))
    };
    IpNet::new(padded.parse().ok()?, length.parse().ok()?)
        .ok()
        .map(|net| net.trunc())
}

/// The prefixes in a list separated by commas.
pub(crate) fn prefixes(text: &str) -> Vec<String> {
    text.split([',', ' '])
        .filter_map(|word| prefix(word.trim()))
        .take(MAX_PREFIXES)
        .map(|net| net.to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, first, last, cidr) in [
            (
                "192.0.2.0 - 192.0.2.255",
                "192.0.2.0",
                "192.0.2.255",
                vec!["192.0.2.0/24"],
            ),
            (
                "192.0.2.0-192.0.2.127 (/25)",
                "192.0.2.0",
                "192.0.2.127",
                vec!["192.0.2.0/25"],
            ),
            (
                "203.0/16",
                "203.0.0.0",
                "203.0.255.255",
                vec!["203.0.0.0/16"],
            ),
            (
                "2001:db8::/32",
                "2001:db8::",
                "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                vec!["2001:db8::/32"],
            ),
            ("192.0.2.1", "192.0.2.1", "192.0.2.1", vec!["192.0.2.1/32"]),
            (
                "192.0.2.0 - 192.0.4.255",
                "192.0.2.0",
                "192.0.4.255",
                vec!["192.0.2.0/23", "192.0.4.0/24"],
            ),
        ] {
            let range = parse(text).expect(text);
            assert_eq!(
                (range.first().to_string(), range.last().to_string()),
                (first.into(), last.into()),
                "{text}"
            );
            assert_eq!(range.cidr(), cidr, "{text}");
        }

        for text in [
            "",
            "-",
            "192.0.2.9 - 192.0.2.1",
            "192.0.2.0 - 2001:db8::",
            "300.1/8",
            "1.2.3.4/99",
            "a/b",
            "/",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_knows_what_it_covers() {
        let range = |text: &str| parse(text).expect(text);
        let block = range("192.0.2.0/24");
        for (text, covered) in [
            ("192.0.2.0/24", true),
            ("192.0.2.255", true),
            ("192.0.2.128 - 192.0.2.130", true),
            ("192.0.2.0/23", false),
            ("192.0.3.0", false),
            ("::192.0.2.1", false),
        ] {
            assert_eq!(block.covers(range(text)), covered, "{text}");
        }
        assert_eq!(range("192.0.2.1").size(), 0);
        assert_eq!(block.size(), 255);
        assert_eq!(range("::/0").size(), u128::MAX);
    }

    #[test]
    fn the_whole_space_is_everything() {
        for (text, all) in [
            ("0.0.0.0 - 255.255.255.255", true),
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("0.0.0.0 - 255.255.255.254", false),
            ("::/1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(parse(text).expect(text).is_everything(), all, "{text}");
        }
    }

    #[test]
    fn a_ragged_range_is_cut_into_bounded_prefixes() {
        let range = parse("0.0.0.1 - 255.255.255.254").expect("a range");
        assert_eq!(range.cidr().len(), 62);
        let range = parse("::1 - ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").expect("a range");
        assert_eq!(range.cidr().len(), MAX_PREFIXES);
    }

    #[test]
    fn lists_of_prefixes() {
        assert_eq!(
            prefixes("192.0.2.0/25, 192.0.2.128/25"),
            ["192.0.2.0/25", "192.0.2.128/25"]
        );
        assert_eq!(prefixes("192.0.2.9/24"), ["192.0.2.0/24"]);
        assert_eq!(prefixes("10/8 x 1.2.3.4/33 ,, /"), ["10.0.0.0/8"]);
        assert_eq!(prefixes(""), [""; 0]);
        assert_eq!(prefixes(&"10/8,".repeat(100)).len(), MAX_PREFIXES);
    }
}
