//! Networks as people write them: CIDR, an address with its mask, or a range of addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use ipnet::IpNet;
use netvane_facts::target::{Invalid, clean_pasted, text_value};

/// Longest text that is read, in bytes; two IPv6 addresses with spaces are shorter.
const MAX_TEXT: usize = 200;

/// The error for a text of another form.
const EXPECTED: &str =
    "expected a network such as 192.0.2.0/24, a range, or an address with a mask";

/// One network, or a range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkQuery {
    /// An address and a prefix length; host bits are kept as written.
    Network(IpNet),
    /// The first and the last address, of the same IP version and in this order.
    Range(IpAddr, IpAddr),
}

text_value!(
    NetworkQuery,
    "NetworkQuery",
    "a network: 192.0.2.0/24, a range, or an address with a mask",
    rest
);

impl NetworkQuery {
    fn read(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_TEXT {
            return Err(Invalid::new(format!(
                "too long: at most {MAX_TEXT} characters"
            )));
        }
        let text = text.replace(['–', '—', '−'], "-");
        let words: Vec<&str> = text.split_whitespace().collect();

        match words[..] {
            [address, "netmask" | "mask" | "wildcard", mask] | [address, mask]
                if !address.contains(['/', '-']) && !mask.starts_with(['-', '/']) =>
            {
                read_masked(&address_of(address)?, mask)
            }
            [first, "-" | "to", last] => read_range(first, last),
            _ => read_joined(&words.concat()),
        }
    }
}

/// Reads a text without spaces.
fn read_joined(text: &str) -> Result<NetworkQuery, Invalid> {
    let cleaned = clean_network(text);
    if let Some((address, mask)) = cleaned.split_once('/') {
        return read_masked(&address_of(address)?, mask);
    }
    if let Some((first, last)) = cleaned.split_once('-') {
        return read_range(first, last);
    }
    address_of(&cleaned).map(|address| NetworkQuery::Network(address.into()))
}

/// Removes what chats add to a network. A slash must stay, so only the address before it is cleaned as one.
fn clean_network(text: &str) -> String {
    let text = text.trim_matches(['"', '\'', '`', '<', '>', ',', ';']);
    text.replace("[.]", ".").replace("[:]", ":")
}

fn address_of(text: &str) -> Result<IpAddr, Invalid> {
    let cleaned = clean_pasted(text);
    cleaned.parse().map_err(|_| Invalid::new(EXPECTED))
}

/// Reads what follows an address: a prefix length, or a mask of IPv4.
fn read_masked(address: &IpAddr, mask: &str) -> Result<NetworkQuery, Invalid> {
    let most = if address.is_ipv4() { 32 } else { 128 };
    let is_length = !mask.is_empty() && mask.bytes().all(|byte| byte.is_ascii_digit());

    let length = match address {
        _ if is_length => mask
            .parse()
            .ok()
            .filter(|length| *length <= most)
            .ok_or_else(|| Invalid::new(format!("prefix length must be 0–{most}"))),
        IpAddr::V4(_) => mask_length(mask),
        IpAddr::V6(_) => Err(Invalid::new("expected a prefix length such as /64")),
    }?;

    IpNet::new(*address, length)
        .map(NetworkQuery::Network)
        .map_err(|_| Invalid::new(EXPECTED))
}

/// Returns the prefix length of a mask: `255.255.255.0`, `0xffffff00`, or the wildcard `0.0.0.255`.
fn mask_length(mask: &str) -> Result<u8, Invalid> {
    let bits = match mask.strip_prefix("0x").or_else(|| mask.strip_prefix("0X")) {
        Some(digits) if digits.len() == 8 => u32::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => mask.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits),
    };
    let bits = bits.ok_or_else(|| Invalid::new("expected a mask such as 255.255.255.0"))?;

    // A mask of zeros alone is the mask of 0.0.0.0/0, as in every tool that reads both forms.
    for netmask in [bits, !bits] {
        let length = netmask.leading_ones();
        if length == netmask.count_ones() {
            return Ok(length as u8);
        }
    }
    Err(Invalid::new(format!(
        "`{mask}` is not a mask: its ones are not in one block"
    )))
}

/// Reads a range. The end may be the last number of an IPv4 address alone: `192.0.2.10-20`.
fn read_range(first: &str, last: &str) -> Result<NetworkQuery, Invalid> {
    let first = address_of(first)?;
    let last = match (first, last.parse::<u8>()) {
        (IpAddr::V4(v4), Ok(number)) => {
            let [a, b, c, _] = v4.octets();
            Ipv4Addr::new(a, b, c, number).into()
        }
        _ => address_of(last)?,
    };

    if first.is_ipv4() != last.is_ipv4() {
        return Err(Invalid::new("both ends must have the same IP version"));
    }
    if first > last {
        return Err(Invalid::new("the range must start with the lower address")
            .value(format!("{last}-{first}")));
    }
    Ok(NetworkQuery::Range(first, last))
}

impl fmt::Display for NetworkQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_common_spelling() {
        for (text, network) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.77/24", "192.0.2.77/24"),
            (" 192.0.2.0 / 24 ", "192.0.2.0/24"),
            ("192.0.2.77", "192.0.2.77/32"),
            ("2001:DB8::", "2001:db8::/128"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
            ("192.0.2.0 255.255.255.0", "192.0.2.0/24"),
            ("192.0.2.0 netmask 0xffffff00", "192.0.2.0/24"),
            ("192.0.2.0 0.0.0.255", "192.0.2.0/24"),
            ("0.0.0.0 0.0.0.0", "0.0.0.0/0"),
            ("192.0.2.1 255.255.255.255", "192.0.2.1/32"),
            ("192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9"),
            ("192.0.2.1 – 192.0.2.9", "192.0.2.1-192.0.2.9"),
            ("192.0.2.1 to 192.0.2.9", "192.0.2.1-192.0.2.9"),
            ("192.0.2.10-20", "192.0.2.10-192.0.2.20"),
            ("2001:db8::-2001:db8::f", "2001:db8::-2001:db8::f"),
            ("192[.]0[.]2[.]0/24", "192.0.2.0/24"),
        ] {
            let read = text.parse::<NetworkQuery>().map(|query| query.to_string());
            assert_eq!(read.as_deref(), Ok(network), "{text}");
        }
    }

    #[test]
    fn rejects_what_is_not_one_network_or_range() {
        for wrong in [
            "",
            "/",
            "-",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "2001:db8::/129",
            "192.0.2.0/255.0.255.0",
            "2001:db8::/255.255.0.0",
            "192.0.2.9-192.0.2.1",
            "192.0.2.1-2001:db8::1",
            "192.0.2.1-300",
            "192.0.2.1 192.0.2.2 192.0.2.3",
            "192.0.2.0/0xffff",
            "example.com",
            "192.0.2/24",
            "fe80::1%eth0/64",
        ] {
            assert!(wrong.parse::<NetworkQuery>().is_err(), "{wrong}");
        }
    }
}
