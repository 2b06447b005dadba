//! Objects that registries register: domains, addresses, networks and AS numbers.

use std::fmt;

use ipnet::IpNet;
use netvane_facts::{
    registration::Kind,
    target::{Domain, Host, Invalid, bad_prefix_length, clean_pasted, text_value},
};

/// An object of a registry, as the user names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Registered {
    /// A domain or a host below one.
    Domain(Domain),
    /// A single IP address.
    Address(std::net::IpAddr),
    /// A block of addresses, host bits cleared.
    Network(IpNet),
    /// Number of an autonomous system.
    As(u32),
}

text_value!(
    Registered,
    "Registered",
    "a domain, an address, a network or an AS number",
    "target"
);

impl Registered {
    /// Returns the kind of the object.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Domain(_) => Kind::Domain,
            Self::Address(_) => Kind::Ip,
            Self::Network(_) => Kind::Network,
            Self::As(_) => Kind::Asn,
        }
    }
}

impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Network(network) => network.fmt(f),
            Self::As(number) => write!(f, "AS{number}"),
        }
    }
}

impl Registered {
    fn read(text: &str) -> Result<Self, Invalid> {
        let cleaned = clean_pasted(text);
        let after = |prefix: &str| {
            cleaned
                .get(..prefix.len())
                .filter(|head| head.eq_ignore_ascii_case(prefix))
                .map(|head| cleaned[head.len()..].trim())
        };
        let is_number = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit());
        let as_number = after("asn").filter(is_number).or_else(|| after("as"));
        let digits = as_number.unwrap_or(&cleaned).trim();

        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits
                .parse()
                .map(Self::As)
                .map_err(|_| Invalid::new("AS number must be 0–4294967295"));
        }

        if let Some((address, _)) = cleaned.split_once('/') {
            return cleaned
                .parse::<IpNet>()
                .map(|network| Self::Network(network.trunc()))
                .map_err(|_| match bad_prefix_length(&cleaned) {
                    Some(invalid) => invalid.value(address),
                    None => Invalid::new("expected a network such as 192.0.2.0/24"),
                });
        }

        text.parse().map(|host| match host {
            Host::Address(address) => Self::Address(address),
            Host::Name(name) => Self::Domain(name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_each_kind_of_object() {
        for (text, canonical, kind) in [
            ("AS15169", "AS15169", Kind::Asn),
            ("ASN64496", "AS64496", Kind::Asn),
            ("asn 64496", "AS64496", Kind::Asn),
            ("as 64496", "AS64496", Kind::Asn),
            ("64496", "AS64496", Kind::Asn),
            ("192.0.2.77/24", "192.0.2.0/24", Kind::Network),
            ("2001:DB8::/32", "2001:db8::/32", Kind::Network),
            ("192.0.2.1", "192.0.2.1", Kind::Ip),
            ("[2001:db8::1]", "2001:db8::1", Kind::Ip),
            ("https://www.Example.com/x", "www.example.com", Kind::Domain),
            ("asn.example", "asn.example", Kind::Domain),
        ] {
            let target: Registered = text.parse().expect(text);
            assert_eq!(
                (target.to_string().as_str(), target.kind()),
                (canonical, kind),
                "{text}"
            );
        }
        for text in ["192.0.2.0/40", "AS99999999999", "a\r\nb", "", "999.1.1.1"] {
            assert!(text.parse::<Registered>().is_err(), "{text}");
        }
    }
}
