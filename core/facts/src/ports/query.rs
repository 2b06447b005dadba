//! Queries for ports: numbers, ranges, lists of them, or words, with or without a protocol.

use super::{
    PortError,
    table::{PROTOCOLS, normalize},
};

/// Longest part of a query that is read, in characters; no name or description is longer.
const MAX_QUERY: usize = 100;

/// A parsed query: numbers or words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Query {
    Range(u16, u16),
    Words(String),
}

/// The parts of a list of ports or ranges, each with a protocol or without: `443/tcp,80`. `None` for any other query.
pub fn several_numbers(query: &str) -> Option<Vec<&str>> {
    let query = &query[..query.floor_char_boundary(MAX_QUERY)];
    let parts: Vec<&str> = query
        .split([' ', '\t', ','])
        .filter(|part| !part.is_empty())
        .collect();
    let is_number = |part: &&str| {
        let number = part.split('/').next().unwrap_or_default();
        let digits = number.trim_start_matches(':');
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits
                .bytes()
                .all(|octet| octet.is_ascii_digit() || octet == b'-')
    };
    (parts.len() > 1 && parts.iter().all(is_number)).then_some(parts)
}

/// Parses a query, and the protocol in it.
pub(super) fn parse(query: &str) -> Result<(Query, Option<&'static str>), PortError> {
    let query: String = query.trim().chars().take(MAX_QUERY).collect();
    let (rest, protocol) = split_protocol(&query)?;
    if let Some(unknown) = unknown_protocol(&query) {
        return Err(PortError::UnknownProtocol(unknown.to_owned()));
    }

    let words = match (rest.trim_start_matches(':'), protocol) {
        // `tcp` alone is a search word.
        ("", Some(name)) => return Ok((Query::Words(name.to_owned()), None)),
        ("", None) => return Err(PortError::Empty),
        (words, _) => words,
    };

    if let Some(range) = range(words)? {
        return Ok((range, protocol));
    }

    let words = normalize(words);
    if !words.contains(char::is_alphanumeric) {
        return Err(PortError::Empty);
    }

    Ok((Query::Words(words), protocol))
}

/// The word after the slash behind a port number, if it is no protocol: `tpc` in `443/tpc`.
fn unknown_protocol(query: &str) -> Option<&str> {
    let (port, word) = query.split_once('/')?;
    let (port, word) = (port.trim().trim_start_matches(':'), word.trim());
    let is_known = PROTOCOLS
        .iter()
        .any(|(_, name)| name.eq_ignore_ascii_case(word));
    let is_word = !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_alphabetic());
    (number(port).is_some() && is_word && !is_known).then_some(word)
}

/// Splits off the protocol, which may be anywhere (`443/udp`, `udp/443`, `443 udp`), and drops the word `port`.
/// Returns the remaining words in lower case.
fn split_protocol(query: &str) -> Result<(String, Option<&'static str>), PortError> {
    let mut protocol = None;
    let mut rest = Vec::new();

    for word in query
        .split([' ', '\t', '/', ','])
        .filter(|word| !word.is_empty())
    {
        let lower = word.to_ascii_lowercase();
        match PROTOCOLS.iter().find(|(_, name)| *name == lower) {
            Some((_, name)) => protocol = Some(*name),
            None if query.contains('/')
                && matches!(lower.as_str(), "icmp" | "icmpv6" | "gre" | "esp" | "ip") =>
            {
                return Err(PortError::Protocol(lower));
            }
            None if matches!(lower.as_str(), "port" | "ports") => {}
            None => rest.push(lower),
        }
    }

    Ok((rest.join(" "), protocol))
}

/// Parses a port or a range of ports; `None` if the text is neither.
fn range(words: &str) -> Result<Option<Query>, PortError> {
    if let Some(port) = number(words) {
        let port = port?;
        return Ok(Some(Query::Range(port, port)));
    }

    if let Some((first, last)) = words.split_once(['-', '–', '—', ':'])
        && let (Some(first), Some(last)) = (number(first), number(last))
    {
        let (first, last) = (first?, last?);
        return if first <= last {
            Ok(Some(Query::Range(first, last)))
        } else {
            Err(PortError::Backwards(first, last))
        };
    }

    match words.strip_prefix('-') {
        Some(digits) if number(digits).is_some() => {
            Err(PortError::OutOfRange(format!("-{digits}")))
        }
        _ => Ok(None),
    }
}

/// Parses digits as a port; `None` if the text is not a number.
fn number(text: &str) -> Option<Result<u16, PortError>> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Digits fail to parse only if the number is too large.
    digits.then(|| {
        text.parse()
            .map_err(|_| PortError::OutOfRange(text.to_owned()))
    })
}
