//! Parses one term of an SPF record (RFC 7208 §12). An error says what is wrong with it.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::{MacroString, Mechanism, PrefixLengths, Qualifier, TermKind};

/// Parses a mechanism or modifier.
pub(super) fn parse(word: &str) -> Result<TermKind, String> {
    if let Some(bad) = word.chars().find(|c| !matches!(c, '!'..='~')) {
        return Err(format!(
            "contains the character U+{:04X}, but only printable ASCII is allowed",
            u32::from(bad)
        ));
    }

    match word.find([':', '/', '=']) {
        Some(at) if word[at..].starts_with('=') => parse_modifier(&word[..at], &word[at + 1..]),
        _ => parse_directive(word),
    }
}

fn parse_modifier(name: &str, value: &str) -> Result<TermKind, String> {
    if let Some(rest) = name.strip_prefix(['+', '-', '~', '?']) {
        return Err(format!("the modifier `{rest}=` takes no qualifier"));
    }
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !is_name {
        return Err("a modifier's name must start with a letter, followed by letters, digits, `-`, `_` or `.`".into());
    }

    match name.to_ascii_lowercase().as_str() {
        "redirect" => Ok(TermKind::Redirect(MacroString::parse_domain(value)?)),
        "exp" => Ok(TermKind::Explanation(MacroString::parse_domain(value)?)),
        _ => {
            MacroString::parse_text(value)?;
            Ok(TermKind::Unknown { name: name.into() })
        }
    }
}

fn parse_directive(word: &str) -> Result<TermKind, String> {
    let (qualifier, rest) = match word.as_bytes()[0] {
        b'+' => (Qualifier::Pass, &word[1..]),
        b'-' => (Qualifier::Fail, &word[1..]),
        b'~' => (Qualifier::SoftFail, &word[1..]),
        b'?' => (Qualifier::Neutral, &word[1..]),
        _ => (Qualifier::Pass, word),
    };

    let (name, argument) = rest.split_at(rest.find([':', '/']).unwrap_or(rest.len()));
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if argument.is_empty() => Mechanism::All,
        "all" => return Err("`all` takes no argument".into()),
        "include" => Mechanism::Include(parse_required_domain("include", argument)?),
        "exists" => Mechanism::Exists(parse_required_domain("exists", argument)?),
        "a" => {
            let (target, lengths) = parse_target(argument)?;
            Mechanism::A(target, lengths)
        }
        "mx" => {
            let (target, lengths) = parse_target(argument)?;
            Mechanism::Mx(target, lengths)
        }
        "ptr" => Mechanism::Ptr(parse_optional_domain(argument)?),
        "ip4" => Mechanism::Ip4(parse_ip4(argument)?),
        "ip6" => Mechanism::Ip6(parse_ip6(argument)?),
        "redirect" | "exp" => {
            let name = name.to_ascii_lowercase();
            return Err(format!(
                "`{name}` is a modifier: expected `{name}=` and a domain"
            ));
        }
        _ => return Err("unknown mechanism".into()),
    };

    Ok(TermKind::Directive(qualifier, mechanism))
}

fn parse_required_domain(name: &str, argument: &str) -> Result<MacroString, String> {
    match argument.strip_prefix(':') {
        Some(domain) => MacroString::parse_domain(domain),
        None => Err(format!(
            "`{name}` needs a domain: expected `{name}:` and a domain"
        )),
    }
}

fn parse_optional_domain(argument: &str) -> Result<Option<MacroString>, String> {
    match argument.strip_prefix(':') {
        Some(domain) => MacroString::parse_domain(domain).map(Some),
        None if argument.is_empty() => Ok(None),
        None => Err("`ptr` takes no prefix length".into()),
    }
}

/// Parses the argument of `a` and `mx`: `[":" domain-spec] ["/" length] ["//" length]`.
fn parse_target(argument: &str) -> Result<(Option<MacroString>, PrefixLengths), String> {
    let (rest, v6) = split_length(argument, "//");
    let (target, v4) = split_length(rest, "/");
    let lengths = PrefixLengths {
        v4: v4.map_or(Ok(32), |digits| prefix_length(digits, 32))?,
        v6: v6.map_or(Ok(128), |digits| prefix_length(digits, 128))?,
    };
    match target.strip_prefix(':') {
        Some(domain) => Ok((Some(MacroString::parse_domain(domain)?), lengths)),
        None if target.is_empty() => Ok((None, lengths)),
        None => Err(format!(
            "invalid prefix length `{argument}`: expected `/0` to `/32` for IPv4, then `//0` to `//128` for IPv6"
        )),
    }
}

/// Splits off a prefix length after `slashes` at the end; a domain may contain slashes of its own.
fn split_length<'a>(text: &'a str, slashes: &str) -> (&'a str, Option<&'a str>) {
    let head = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &text[head.len()..];
    match head.strip_suffix(slashes) {
        Some(target) if !digits.is_empty() && !target.ends_with('/') => (target, Some(digits)),
        _ => (text, None),
    }
}

fn prefix_length(digits: &str, most: u8) -> Result<u8, String> {
    let is_plain = digits == "0" || !digits.starts_with('0');
    match digits.parse() {
        Ok(length) if length <= most && is_plain => Ok(length),
        _ => Err(format!(
            "invalid prefix length `/{digits}`: expected a number from 0 to {most} without leading zeros"
        )),
    }
}

/// Splits `":" network ["/" length]`.
fn split_network<'a>(name: &str, argument: &'a str) -> Result<(&'a str, Option<&'a str>), String> {
    let Some(network) = argument.strip_prefix(':') else {
        return Err(format!(
            "`{name}` needs an address: expected `{name}:` and an address or network"
        ));
    };
    Ok(match network.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (network, None),
    })
}

fn parse_ip4(argument: &str) -> Result<Ipv4Net, String> {
    let (address, length) = split_network("ip4", argument)?;
    let address: Ipv4Addr = address
        .parse()
        .map_err(|_| format!("`{address}` is not an IPv4 address"))?;
    let length = length.map_or(Ok(32), |digits| prefix_length(digits, 32))?;
    let network = Ipv4Net::new(address, length).map_err(|error| error.to_string())?;
    Ok(network.trunc())
}

fn parse_ip6(argument: &str) -> Result<Ipv6Net, String> {
    let (address, length) = split_network("ip6", argument)?;
    let address: Ipv6Addr = address
        .parse()
        .map_err(|_| format!("`{address}` is not an IPv6 address"))?;
    let length = length.map_or(Ok(128), |digits| prefix_length(digits, 128))?;
    let network = Ipv6Net::new(address, length).map_err(|error| error.to_string())?;
    Ok(network.trunc())
}
