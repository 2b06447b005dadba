//! A node as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `"[2001:db8::1]:4711"`, `unknown`,
//! `_hidden`.

use std::net::{IpAddr, Ipv6Addr};

/// Maximum number of characters kept of a text that is not an address.
const MOST_SAID: usize = 100;

/// The client or proxy that a header entry names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
    /// The text itself, if it is not an address or more than one.
    pub(super) said: Option<String>,
}

/// Parses a node; a text that is not a node is kept unchanged.
pub(super) fn node(text: &str) -> Node {
    let text = text.trim().trim_matches('"').trim();
    let said = || Some(text.chars().take(MOST_SAID).collect());
    match address_and_port(text) {
        Some((address, port, whole)) => Node {
            address: Some(address.to_canonical()),
            port,
            said: if whole { None } else { said() },
        },
        None => Node {
            address: None,
            port: None,
            said: said(),
        },
    }
}

/// Returns address, port, and whether these cover the whole text: a zone is left out.
fn address_and_port(text: &str) -> Option<(IpAddr, Option<u16>, bool)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let (address, whole) = v6(address)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port_number(port)),
            None if rest.is_empty() => None,
            None => return None,
        };
        // A port may be obfuscated (RFC 7239 §6).
        return Some((address, port.flatten(), whole && port != Some(None)));
    }
    match text.split_once(':') {
        Some((address, port)) if !port.contains(':') => Some((
            IpAddr::V4(address.parse().ok()?),
            Some(port_number(port)?),
            true,
        )),
        Some(_) => v6(text).map(|(address, whole)| (address, None, whole)),
        None => Some((IpAddr::V4(text.parse().ok()?), None, true)),
    }
}

fn v6(text: &str) -> Option<(IpAddr, bool)> {
    let (address, zone) = text
        .split_once('%')
        .map_or((text, false), |(address, _)| (address, true));
    Some((IpAddr::V6(address.parse::<Ipv6Addr>().ok()?), !zone))
}

fn port_number(text: &str) -> Option<u16> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_nodes_as_proxies_write_them() {
        for (text, address, port, said) in [
            ("192.0.2.1", "192.0.2.1", None, None),
            (" \"192.0.2.1:4711\" ", "192.0.2.1", Some(4711), None),
            ("[2001:db8::1]", "2001:db8::1", None, None),
            ("\"[2001:DB8::1]:80\"", "2001:db8::1", Some(80), None),
            ("2001:db8::1", "2001:db8::1", None, None),
            (
                "[2001:db8::1]:_port",
                "2001:db8::1",
                None,
                Some("[2001:db8::1]:_port"),
            ),
            ("::ffff:192.0.2.1", "192.0.2.1", None, None),
            ("fe80::1%eth0", "fe80::1", None, Some("fe80::1%eth0")),
            (
                "[fe80::1%25eth0]:9",
                "fe80::1",
                Some(9),
                Some("[fe80::1%25eth0]:9"),
            ),
            ("unknown", "", None, Some("unknown")),
            ("_SEVKISEK", "", None, Some("_SEVKISEK")),
            ("192.0.2.1:99999", "", None, Some("192.0.2.1:99999")),
            ("192.0.2.1:+80", "", None, Some("192.0.2.1:+80")),
            ("192.0.2.01", "", None, Some("192.0.2.01")),
            ("<script>", "", None, Some("<script>")),
            ("[2001:db8::1]x", "", None, Some("[2001:db8::1]x")),
            ("", "", None, Some("")),
        ] {
            let expected = Node {
                address: address.parse().ok(),
                port,
                said: said.map(str::to_owned),
            };
            assert_eq!(node(text), expected, "{text}");
        }

        assert_eq!(
            node(&"x".repeat(5000)).said.map(|said| said.len()),
            Some(MOST_SAID)
        );
    }
}
