//! Host names and addresses as mail servers write them, and whether two names belong to the same operator.

use std::net::IpAddr;

use crate::ip_class::{self, Kind};

/// At most `max` bytes of a text, truncated at a character boundary.
pub(super) fn clip(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// An address as written in headers: plain, `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3), with a zone
/// (`fe80::1%12`) or a port behind it. IPv4-mapped addresses become IPv4.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    address_port(text).map(|(address, _)| address)
}

/// As [`address`], with the port where one follows: `[192.0.2.1]:4711`, `[192.0.2.1:4711]`, `192.0.2.1:4711`, and
/// Exim 3's `[192.0.2.1.4711]`.
pub(super) fn address_port(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let text = text.trim_matches(|c: char| matches!(c, ',' | ';' | '<' | '>' | '"' | '\''));
    if text.len() > 80 {
        return None;
    }
    let (inside, after) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => (text, ""),
    };
    let tagged = inside
        .get(..5)
        .is_some_and(|tag| tag.eq_ignore_ascii_case("ipv6:"));
    let plain = if tagged { &inside[5..] } else { inside };
    let plain = plain
        .split_once('%')
        .map_or(plain, |(address, _zone)| address);
    let port = after.strip_prefix(':').and_then(|port| port.parse().ok());
    if let Ok(address) = plain.parse::<IpAddr>() {
        return Some((address.to_canonical(), port));
    }
    if text.starts_with('[')
        && let Some((host, inner)) = plain.rsplit_once('.')
        && let (Ok(address), Ok(port)) = (host.parse::<IpAddr>(), inner.parse())
    {
        return Some((address.to_canonical(), Some(port)));
    }
    let (v4, inner) = plain.split_once(':')?;
    let v4: std::net::Ipv4Addr = v4.parse().ok()?;
    Some((v4.into(), inner.parse().ok().or(port)))
}

/// Four dotted numbers that are not an address, such as `300.1.2.3`.
pub(super) fn looks_numeric(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4
        && parts
            .iter()
            .all(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
}

/// A host name that is safe to show, without its final dot. Rejects `unknown` and similar words.
pub(super) fn host(text: &str) -> Option<&str> {
    let name = text
        .trim_matches(|c: char| matches!(c, ',' | ';' | '<' | '>' | '"' | '\''))
        .trim_end_matches('.');
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    let fine = !name.is_empty()
        && name.len() <= 255
        && name.chars().all(fits)
        && name.chars().any(char::is_alphanumeric)
        && !["unknown", "unverified", "unspecified", "none", "null"]
            .iter()
            .any(|no| name.eq_ignore_ascii_case(no));
    fine.then_some(name)
}

/// A name with a dot, under a top-level domain that could be public: not `localhost`, `srv1`, `mail.corp.local`.
pub(super) fn is_public_name(name: &str) -> bool {
    const INSIDE: [&str; 9] = [
        "local",
        "lan",
        "localdomain",
        "internal",
        "localhost",
        "home",
        "corp",
        "arpa",
        "intranet",
    ];
    let Some((_, top)) = name.rsplit_once('.') else {
        return false;
    };
    let top = top.to_ascii_lowercase();
    address(name).is_none()
        && !INSIDE.contains(&top.as_str())
        && (top.len() >= 2 && top.chars().all(char::is_alphabetic) || top.starts_with("xn--"))
}

/// Whether the first label is `localhost`, in any case.
pub(super) fn is_localhost(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or(name);
    first.eq_ignore_ascii_case("localhost")
}

/// The registrable domain by the Public Suffix List, in lower case; only of public names.
pub(super) fn organization(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if !is_public_name(&name) {
        return None;
    }
    psl::domain_str(&name).map(str::to_owned)
}

/// Domains that belong to the same operator.
#[rustfmt::skip]
const FAMILIES: &[&[&str]] = &[
    &["google.com", "googlemail.com", "gmail.com", "1e100.net", "googlegroups.com", "googleusercontent.com"],
    &["outlook.com", "hotmail.com", "live.com", "msn.com", "microsoft.com", "office365.com", "exchangelabs.com",
      "office.com", "microsoftonline.com", "frontbridge.com"],
    &["yahoo.com", "yahoodns.net", "yahoo.net", "ymail.com", "aol.com", "yahooinc.com"],
    &["amazonses.com", "amazonaws.com", "amazon.com", "awsapps.com"],
    &["icloud.com", "apple.com", "me.com", "mac.com"],
    &["protonmail.ch", "proton.me", "proton.ch", "protonmail.com"],
    &["messagingengine.com", "fastmail.com", "fastmail.fm", "pobox.com"],
    &["kundenserver.de", "1and1.com", "ionos.de", "ionos.com", "ui-dns.de", "gmx.net", "gmx.de", "web.de", "gmx.com",
      "1und1.de", "perfora.net", "mail.com"],
    &["pphosted.com", "ppops.net", "proofpoint.com", "ppe-hosted.com"],
    &["yandex.net", "yandex.ru", "yandex.com"],
    &["mail.ru", "mailru.net", "smailru.net"],
    &["sendgrid.net", "sendgrid.com", "sendgrid.me"],
    &["mailgun.net", "mailgun.org", "mailgun.info"],
    &["mandrillapp.com", "rsgsv.net", "mcsv.net", "mcdlv.net", "rsglab.com", "mailchimp.com", "mailchimpapp.net"],
    &["debian.org", "debian.net"],
    &["postini.com", "obsmtp.com", "psmtp.com"],
    &["bigfish.com", "frontbridge.com"],
];

/// The same operator: one registrable domain, or one family.
pub(super) fn same_operator(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let (Some(a), Some(b)) = (organization(a), organization(b)) else {
        return false;
    };
    a == b
        || FAMILIES
            .iter()
            .any(|family| family.contains(&a.as_str()) && family.contains(&b.as_str()))
}

/// Whether two names are the same, or below the same registrable domain.
pub fn is_same_organization(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || organization(a).is_some_and(|a| Some(a) == organization(b))
}

/// Probably the same operator: also one name under two suffixes (`example.com`, `example.net`). Good enough to
/// suppress a warning, not to establish trust.
pub(super) fn related(a: &str, b: &str) -> bool {
    let label =
        |name: &str| organization(name).and_then(|org| org.split('.').next().map(str::to_owned));
    same_operator(a, b) || label(a).is_some_and(|a| Some(a) == label(b))
}

/// Providers whose customers' mail leaves and arrives under one name: the name does not show which side it is.
pub(super) fn is_shared(organization: &str) -> bool {
    FAMILIES[..13]
        .iter()
        .any(|family| family.contains(&organization))
}

/// An address that an external host can have. Documentation addresses count: examples use them as public ones.
pub(super) fn is_public(address: IpAddr) -> bool {
    matches!(
        ip_class::classify(address).kind,
        Kind::Global | Kind::Documentation | Kind::Transition
    )
}

/// An internal address: loopback, link-local, private or carrier-grade NAT.
pub(super) fn is_inside(address: IpAddr) -> bool {
    matches!(
        ip_class::classify(address).kind,
        Kind::Private | Kind::Loopback | Kind::LinkLocal | Kind::UniqueLocal | Kind::Shared
    )
}

#[cfg(test)]
mod tests;
