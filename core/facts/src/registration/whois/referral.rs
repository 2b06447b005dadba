//! Finds the whois server that an answer refers to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lines::{bounded, key_value};

/// The server that a whois answer refers to.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// Host name or address in lower case. Only its syntax is checked.
    pub host: String,
    /// TCP port; by default 43, or 4321 for rwhois.
    pub port: u16,
    /// Whether the server uses rwhois (RFC 2167) instead of whois.
    pub rwhois: bool,
}

/// Keys whose value is a server, the most reliable first. ARIN uses `ReferralServer`, IANA `refer`.
const KEYS: [&str; 9] = [
    "referralserver",
    "refer",
    "registrar whois server",
    "registrar whois",
    "whois server",
    "whois",
    "whois tcp uri",
    "referral",
    "resourcelink",
];
/// Whois servers that remarks of a regional registry mention for blocks of other registries.
const REMARK_SERVERS: [(&str, &str); 8] = [
    ("whois.afrinic.net", "afrinic"),
    ("whois.apnic.net", "apnic"),
    ("whois.arin.net", "arin"),
    ("whois.lacnic.net", "lacnic"),
    ("whois.ripe.net", "ripe"),
    ("whois.nic.ad.jp", "jpnic"),
    ("whois.kisa.or.kr", "krnic"),
    ("whois.registro.br", "registro.br"),
];
/// Largest number of lines that are read.
const MAX_LINES: usize = 2_000;

/// The server that a text refers to in a machine-readable way, if any.
pub fn referral(text: &str) -> Option<Referral> {
    let mut best: Option<(usize, Referral)> = None;
    let mut elsewhere = false;
    let mut remarks: Option<Referral> = None;

    for line in text.lines().take(MAX_LINES).map(bounded) {
        let Some((key, value)) = key_value(line.trim()) else {
            continue;
        };

        elsewhere |= key == "netname"
            && [
                "NON-RIPE-NCC-MANAGED",
                "IANA-NETBLOCK",
                "ERX-NETBLOCK",
                "APNIC-ERX",
                "IANA-BLK",
            ]
            .iter()
            .any(|start| value.starts_with(start));

        if let Some(rank) = KEYS.iter().position(|name| *name == key)
            && best.as_ref().is_none_or(|(best, _)| rank < *best)
            && let Some(found) = server(value, key == "resourcelink")
        {
            best = Some((rank, found));
        }

        if remarks.is_none() && matches!(key.as_str(), "remarks" | "descr" | "comment" | "netname")
        {
            remarks = server_in_remark(value);
        }
    }

    best.map(|(_, found)| found)
        .or_else(|| remarks.filter(|_| elsewhere))
}

/// Finds the server of a registry in prose. Used only if the block belongs to another registry.
fn server_in_remark(value: &str) -> Option<Referral> {
    let lower = value.to_lowercase();
    let (host, _) = REMARK_SERVERS
        .iter()
        .find(|(host, _)| lower.contains(host))?;
    Some(Referral {
        host: (*host).to_owned(),
        port: 43,
        rwhois: false,
    })
}

/// Parses `host`, `host:port`, `whois://host:port` or `rwhois://host:port/...`.
fn server(value: &str, must_have_scheme: bool) -> Option<Referral> {
    let word = value.split_whitespace().next()?;
    let (scheme, rest) = match word.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None if must_have_scheme => return None,
        None => ("whois".to_owned(), word),
    };

    let rwhois = match scheme.as_str() {
        "whois" => false,
        "rwhois" => true,
        // Other schemes, such as http, are no whois servers.
        _ => return None,
    };

    let authority = rest.split(['/', '?', '#']).next()?;
    let default = if rwhois { 4321 } else { 43 };
    let (host, port) = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, "")) => (host, default),
        Some((host, port)) => (host, port.strip_prefix(':')?.parse().ok()?),
        None => match authority.split_once(':') {
            Some((host, "")) => (host, default),
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, default),
        },
    };

    let host = host.trim_end_matches('.').to_ascii_lowercase();

    (port != 0 && is_valid_host(&host)).then_some(Referral { host, port, rwhois })
}

/// Whether a host is an IP address, or a host name of letters, digits and hyphens with at least one dot.
fn is_valid_host(host: &str) -> bool {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(label)
        && top.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests;
