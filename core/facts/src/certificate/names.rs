//! Names of servers in a certificate, and which of them hold for a host (RFC 9525).

use std::net::IpAddr;

use x509_parser::extensions::GeneralName;

use crate::target::Host;

/// Most names of a certificate that are shown; all of them are compared.
pub const MAX_SHOWN: usize = 100;
/// Longest name that is shown, in characters; DNS names have at most 253.
const MAX_LENGTH: usize = 253;

/// The DNS names and IP addresses among the subject alternative names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    domains: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    pub(super) fn of(names: &[GeneralName<'_>]) -> Self {
        let mut all = Self::default();
        for name in names {
            match name {
                GeneralName::DNSName(name) => all.domains.push((*name).to_owned()),
                GeneralName::IPAddress(octets) => all.addresses.extend(address(octets)),
                _ => {}
            }
        }
        all
    }

    /// How many names there are.
    pub fn count(&self) -> usize {
        self.domains.len() + self.addresses.len()
    }

    /// The first names as text, each at most 253 characters long.
    pub fn shown(&self) -> Vec<String> {
        let addresses = self.addresses.iter().map(IpAddr::to_string);
        self.domains
            .iter()
            .cloned()
            .chain(addresses)
            .take(MAX_SHOWN)
            .map(|name| name.chars().take(MAX_LENGTH).collect())
            .collect()
    }

    /// Whether the certificate is for this host. Only subject alternative names count, never the
    /// common name; `*` stands for exactly one whole label, the first.
    pub fn hold_for(&self, host: &Host) -> bool {
        match host {
            Host::Address(address) => {
                let address = address.to_canonical();
                self.addresses
                    .iter()
                    .any(|one| one.to_canonical() == address)
            }
            Host::Name(name) => {
                let name = name.as_str().trim_end_matches('.');
                self.domains
                    .iter()
                    .any(|presented| matches(presented, name))
            }
        }
    }
}

/// Whether a presented name matches the name of a host (RFC 9525 §6.3).
fn matches(presented: &str, host: &str) -> bool {
    if host.is_empty() || presented.is_empty() {
        return false;
    }
    match presented.strip_prefix("*.") {
        // At least two labels must follow: `*.com` matches nothing.
        Some(parent) if parent.contains('.') && !parent.contains('*') => host
            .split_once('.')
            .is_some_and(|(first, rest)| !first.is_empty() && rest.eq_ignore_ascii_case(parent)),
        Some(_) => false,
        None => presented.eq_ignore_ascii_case(host),
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_exactly_one_whole_label() {
        for (presented, host, expected) in [
            ("example.com", "example.com", true),
            ("EXAMPLE.com", "example.COM", true),
            ("example.com", "www.example.com", false),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", ".example.com", false),
            ("w*.example.com", "www.example.com", false),
            ("*w.example.com", "www.example.com", false),
            ("www.*.com", "www.example.com", false),
            ("*.*.com", "www.example.com", false),
            ("*.com", "example.com", false),
            ("*", "example", false),
            ("*.", "example.", false),
            ("", "", false),
            ("example.com.", "example.com", false),
            ("*.example.com", "*.example.com", true),
        ] {
            assert_eq!(matches(presented, host), expected, "{presented} {host}");
        }
    }

    #[test]
    fn an_address_matches_only_an_address() {
        let names = Names::of(&[
            GeneralName::IPAddress(&[192, 0, 2, 1]),
            GeneralName::IPAddress(&[1, 2]),
            GeneralName::DNSName("192.0.2.7"),
        ]);
        let host = |text: &str| text.parse::<Host>().expect("a host");
        assert!(names.hold_for(&host("192.0.2.1")));
        assert!(
            !names.hold_for(&host("192.0.2.7")),
            "a DNS name is no address"
        );
        assert!(!names.hold_for(&host("example.com")));
        assert_eq!(names.shown(), ["192.0.2.7", "192.0.2.1"]);
    }
}
