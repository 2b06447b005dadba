//! IP addresses, and hosts, which are an address or a domain name.

use std::{fmt, net::IpAddr};

use crate::target::{Domain, Invalid, clean_pasted, text_value};

/// A single IPv4 or IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(pub IpAddr);

/// An address or a domain name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// An IP address literal.
    Address(IpAddr),
    /// A domain name that has to be resolved.
    Name(Domain),
}

text_value!(Address, "Address", "an IPv4 or IPv6 address", "target");
text_value!(Host, "Host", "an address or a domain name", "target");

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl Address {
    fn read(text: &str) -> Result<Self, Invalid> {
        let cleaned = clean_pasted(text);
        if let Some(address) = from_reverse_name(&cleaned) {
            return Ok(Self(address));
        }
        if let Some(invalid) = not_one_address(&cleaned) {
            return Err(invalid);
        }
        parse(&cleaned)
            .map(Self)
            .map_err(|invalid| match cleaned.parse::<Domain>() {
                Ok(name) if invalid.value.is_none() && !looks_numeric(&cleaned) => {
                    Invalid::new("expected an IP address, got a name")
                        .command(format!("/reverse {name}"))
                }
                _ => invalid,
            })
    }
}

impl Host {
    fn read(text: &str) -> Result<Self, Invalid> {
        let cleaned = clean_pasted(text);
        let with_port = |text: &str| text.trim().parse::<std::net::SocketAddr>().ok();
        if let Some(invalid) = not_one_address(&cleaned) {
            return Err(invalid);
        }
        if let Some(socket) = with_port(text).or_else(|| with_port(&cleaned)) {
            return Err(
                Invalid::new("expected an address without a port").value(socket.ip().to_string())
            );
        }
        match parse(&cleaned) {
            Ok(address) => Ok(Self::Address(address)),
            Err(invalid) if looks_numeric(&cleaned) => Err(invalid),
            Err(_) => text.parse().map(Self::Name),
        }
    }
}

/// The error of an address with a prefix length where one address is expected; `None` for any other text.
fn not_one_address(text: &str) -> Option<Invalid> {
    let (address, _) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let invalid = match text.parse::<ipnet::IpNet>() {
        Ok(network) => Invalid::new(format!(
            "expected a single address, got the network {network}"
        )),
        Err(_) => bad_prefix_length(text)?,
    };
    Some(invalid.value(address.to_string()))
}

/// The error of a prefix length that an address cannot have, such as `192.0.2.1/33`; `None` for any other text.
pub fn bad_prefix_length(text: &str) -> Option<Invalid> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let is_valid = text.parse::<ipnet::IpNet>().is_ok();
    (!is_valid).then(|| {
        let length = shorten(length);
        Invalid::new(format!("prefix length must be 0–{most}, got `{length}`"))
    })
}

/// Parses an address strictly. The legacy spellings of `inet_aton` are errors that suggest the usual spelling.
pub(super) fn parse(text: &str) -> Result<IpAddr, Invalid> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address);
    }
    if let Some((_, zone)) = text.split_once('%') {
        return Err(Invalid::new(format!(
            "the zone ID `%{}` is only valid on its own machine",
            shorten(zone)
        )));
    }
    match legacy_ipv4(text) {
        Some(address) => Err(
            Invalid::new("expected four decimal numbers, as in 192.0.2.1")
                .value(std::net::Ipv4Addr::from(address).to_string()),
        ),
        None => Err(Invalid::new("expected an IPv4 or IPv6 address")),
    }
}

/// Parses `2130706433`, `0x7f.1`, `127.1` or `0177.0.0.1` as `inet_aton` of the C library does.
fn legacy_ipv4(text: &str) -> Option<u32> {
    let parts: Vec<u32> = text.split('.').map(legacy_number).collect::<Option<_>>()?;
    let (last, head) = parts.split_last()?;
    if head.len() > 3 || head.iter().any(|part| *part > 255) {
        return None;
    }
    let bits = 32 - 8 * head.len() as u32;
    if bits < 32 && *last >= 1 << bits {
        return None;
    }
    Some(
        head.iter()
            .enumerate()
            .fold(*last, |sum, (index, part)| sum | part << (24 - 8 * index)),
    )
}

fn legacy_number(part: &str) -> Option<u32> {
    match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
        None => part.parse().ok(),
    }
}

/// Whether a text is meant as an address: no top-level domain is numeric.
fn looks_numeric(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.contains(':')
        || text.rsplit('.').next().is_some_and(|last| {
            !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit())
                || legacy_number(last).is_some()
        })
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(16).collect()
}

/// The name under `in-addr.arpa` (RFC 1035) or `ip6.arpa` (RFC 3596), without the final dot.
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let mut name = String::with_capacity(72);
            for octet in v6.octets().iter().rev() {
                name.push_str(&format!("{:x}.{:x}.", octet & 15, octet >> 4));
            }
            name + "ip6.arpa"
        }
    }
}

fn from_reverse_name(text: &str) -> Option<IpAddr> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();

    if let Some(labels) = name.strip_suffix(".in-addr.arpa") {
        let octets: Vec<u8> = labels
            .rsplit('.')
            .map(|label| label.parse().ok())
            .collect::<Option<_>>()?;
        return <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
    }

    let nibbles: Vec<u8> = name
        .strip_suffix(".ip6.arpa")?
        .rsplit('.')
        .map(|label| {
            (label.len() == 1)
                .then(|| u8::from_str_radix(label, 16).ok())
                .flatten()
        })
        .collect::<Option<_>>()?;

    let octets: Vec<u8> = nibbles
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();

    (nibbles.len() == 32)
        .then(|| <[u8; 16]>::try_from(octets).ok().map(IpAddr::from))
        .flatten()
}

#[cfg(test)]
mod tests;
