//! The part of an email address after the `@` (RFC 5321 §2.3.5, §4.1.3).

use std::{fmt, net::IpAddr};

use super::piece::{Invalid, Piece};

/// Maximum length in characters: 255 octets on the wire (RFC 1035 §3.1).
const MAX_DOMAIN: usize = 253;

/// The part of an email address after the `@`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MailDomain {
    /// A domain name: lower-case A-labels, no final dot.
    Name(String),
    /// An address literal: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
    Literal(IpAddr),
}

impl fmt::Display for MailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Literal(IpAddr::V4(address)) => write!(f, "[{address}]"),
            Self::Literal(IpAddr::V6(address)) => write!(f, "[IPv6:{address}]"),
        }
    }
}

/// Reads a name or an address literal.
pub(super) fn mail_domain(domain: Piece<'_>) -> Result<MailDomain, Invalid> {
    let text = domain.text;

    if let Some(inside) = text.strip_prefix('[') {
        let literal = inside
            .strip_suffix(']')
            .and_then(|inside| match inside.get(..5) {
                Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => {
                    inside[5..].parse().ok().map(IpAddr::V6)
                }
                _ => inside.parse().ok().map(IpAddr::V4),
            });
        return match literal {
            Some(address) => Ok(MailDomain::Literal(address)),
            None => domain.fault(
                "expected an address literal like [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 §4.1.3)",
            ),
        };
    }

    if text.is_empty() {
        return domain.fault("nothing after the @");
    }

    if text.parse::<IpAddr>().is_ok() {
        return domain.fault(format!(
            "{text} is an IP address; write an address literal in brackets: [{text}]"
        ));
    }

    let dotted = text.replace(['。', '．', '｡'], ".");
    let dotted = dotted.strip_suffix('.').unwrap_or(&dotted);
    let mut name = String::with_capacity(dotted.len());

    for label in dotted.split('.') {
        if label.is_empty() {
            return domain.fault("a domain must not begin with a dot or contain two in a row");
        }
        if !name.is_empty() {
            name.push('.');
        }
        match a_label(label) {
            Ok(label) => name.push_str(&label),
            Err(message) => {
                let at = text.find(label).unwrap_or_default();
                return domain.cut(at..at + label.len()).fault(message);
            }
        }
    }

    if name.len() > MAX_DOMAIN {
        return domain.fault(format!(
            "domain too long: at most {MAX_DOMAIN} characters, got {}",
            name.len()
        ));
    }

    Ok(MailDomain::Name(name))
}

/// Converts a label to an A-label: letters, digits and inner hyphens (`sub-domain`, RFC 5321
/// §4.1.2), other scripts by RFC 5891.
fn a_label(label: &str) -> Result<String, String> {
    if let Some(c) = label
        .chars()
        .find(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && *c != '-')
    {
        return Err(format!("{c:?} is not allowed in a domain"));
    }

    if label.starts_with('-') || label.ends_with('-') {
        return Err("a label must not begin or end with a hyphen".into());
    }

    let lower = label.to_ascii_lowercase();
    let label = if lower.is_ascii() && !lower.starts_with("xn--") {
        lower
    } else {
        idna::domain_to_ascii(&lower)
            .ok()
            // Check characters after mapping: `＞` becomes `>`.
            .filter(|label| is_ldh(label))
            .ok_or("not a valid internationalized domain name (RFC 5891)")?
    };

    match label.len() {
        ..=63 => Ok(label),
        octets => Err(format!("label too long: at most 63 octets, got {octets}")),
    }
}

fn is_ldh(label: &str) -> bool {
    let plain = label
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
}
