//! Parses address ranges as registries write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

/// A range of IPv4 or IPv6 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    v6: bool,
    first: u128,
    last: u128,
}

/// Largest number of prefixes in a result.
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

    /// The number of addresses minus one, so that all of IPv6 fits.
    pub(crate) fn size(self) -> u128 {
        self.last - self.first
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last <= self.last
    }

    /// Whether the range is the whole address family, which registries use for blocks of other registries.
    pub(crate) fn is_everything(self) -> bool {
        self.first == 0 && self.last == if self.v6 { u128::MAX } else { u32::MAX.into() }
    }

    /// The range as CIDR prefixes, at most 64.
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

/// Parses `a - b`, a prefix, an address, or a shortened prefix of LACNIC (`200.160/16`). Ignores trailing text.
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

/// Parses the prefixes in a list separated by commas or spaces.
pub(crate) fn prefixes(text: &str) -> Vec<String> {
    text.split([',', ' '])
        .filter_map(|word| prefix(word.trim()))
        .take(MAX_PREFIXES)
        .map(|net| net.to_string())
        .collect()
}

#[cfg(test)]
mod tests;
