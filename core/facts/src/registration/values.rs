//! Cleans and validates single values of registration data.

use std::net::IpAddr;

pub(super) use names::{is_handle, is_organization, name, organization, registrar};

mod names;

/// Parts of redaction notices, which replace withheld data. In lower case.
#[rustfmt::skip]
const WITHHELD: &[&str] = &[
    "redacted", "not disclosed", "non disclosed", "undisclosed", "not shown", "data protected", "gdpr", "masked",
    "statutory masking", "hidden", "not available", "not applicable", "non-public", "private person", "not public",
    "not published", "publicly disclosed", "not displayed", "not provided", "unavailable", "contact the registrar",
    "please query", "please contact", "please visit", "for more information", "withheld by", "data withheld",
    "registration private", "private registration", "personal data", "protected data", "information not", "whois.",
    "not.defined", "no registrar", "not open", "confidential", "ano nymous", "visit www", "visit http", "this data is", "rdds service",
];
/// Whole values that mean "no data", in lower case.
#[rustfmt::skip]
const EMPTY: &[&str] = &[
    "n/a", "na", "none", "null", "nil", "unknown", "private", "-", "--", "---", ".", "*", "undefined", "no", "n.a.",
    "not set", "empty", "not defined", "no name", "no data", "nothing", "privacy", "individual", "natural person",
    "no company", "no organization", "no organisation", "not specified", "not known", "xxx", "x", "self", "personal",
];
/// Longest value that is accepted, in bytes; longer ones are prose.
const MAX: usize = 300;

/// Normalizes a text to one line; `None` if it is empty, too long or a redaction notice.
pub(super) fn text(value: &str) -> Option<String> {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|inside| !inside.contains('"'));
    let value = quoted.unwrap_or(&value).trim().to_owned();
    if value.is_empty() || value.len() > MAX || !value.chars().any(char::is_alphanumeric) {
        return None;
    }
    let lower = value.to_lowercase();
    let is_missing = EMPTY.contains(&lower.trim_end_matches(['.', '!']))
        || WITHHELD.iter().any(|w| lower.contains(w));
    (!is_missing).then_some(value)
}

/// Joins all words of a text with single spaces.
pub(super) fn line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits `name (inside)` or `name [inside]` at the last bracket.
pub(super) fn trailing_bracket(value: &str) -> Option<(&str, &str)> {
    let value = value.trim();
    let (open, body) = match value.chars().last()? {
        ')' => ('(', &value[..value.len() - 1]),
        ']' => ('[', &value[..value.len() - 1]),
        _ => return None,
    };
    body.rsplit_once(open)
}

/// Parses a URL or web host: the first word, with a dot in the host, as written.
pub(super) fn url(value: &str) -> Option<String> {
    let value = value
        .split_whitespace()
        .next()?
        .trim_matches(|c| matches!(c, '(' | ')' | '<' | '>' | ',' | '"'));
    let host = value.rsplit_once("://").map_or(value, |(_, rest)| rest);
    let plausible =
        host.len() >= 4 && host.contains('.') && !value.contains('@') && value.len() <= MAX;
    (plausible && !host.starts_with('.') && host.chars().next().is_some_and(char::is_alphanumeric))
        .then(|| value.to_owned())
}

/// Finds the first mail address in a value.
pub(super) fn email(value: &str) -> Option<String> {
    let word = value
        .split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '\'' | '"')
        })
        .find(|word| word.contains('@'))?;
    let word = word.trim_start_matches("mailto:").trim_end_matches('.');
    let (local, domain) = word.rsplit_once('@')?;
    (!local.is_empty() && !local.contains('@') && domain.contains('.') && word.len() <= 254)
        .then(|| word.to_owned())
        .filter(|_| hostname(domain).is_some())
}

/// Parses a telephone number: 6 to 24 digits with the usual punctuation.
pub(super) fn phone(value: &str) -> Option<String> {
    let value = value.trim().trim_start_matches("tel:").trim();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let other = value
        .chars()
        .filter(|c| !c.is_ascii_digit() && !" +-.()/xX".contains(*c) && !"ext;=".contains(*c));
    ((6..=24).contains(&digits) && other.count() == 0 && value.len() <= 40)
        .then(|| value.to_owned())
}

/// Parses the IANA number of a registrar: one to seven digits, not zero.
pub(super) fn iana_id(value: &str) -> Option<String> {
    let value = value.trim();
    let plausible = (1..=7).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    (plausible && value.bytes().any(|b| b != b'0')).then(|| value.to_owned())
}

/// Parses a host name of at least two labels; returns it in lower case without the final dot.
pub(super) fn hostname(value: &str) -> Option<String> {
    let value = value.trim_end_matches('.').to_lowercase();
    if value.len() > 253 || !value.contains('.') || value.parse::<IpAddr>().is_ok() {
        return None;
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 126
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            && !label.starts_with('-')
    };
    let top = value.rsplit('.').next()?;
    // The registry of .uz writes this if an address is missing.
    let placeholder = value == "not.defined";
    (!placeholder
        && value.split('.').all(label)
        && top.chars().any(char::is_alphabetic)
        && top.chars().count() >= 2)
        .then_some(value)
}

/// Largest number of name servers in a result.
const MAX_SERVERS: usize = 64;

/// Adds the host names at the start of a value. Skips addresses and stops at any other text.
pub(super) fn nameservers(list: &mut Vec<String>, value: &str) {
    let value = value.trim();

    // `1) ns.example.net`, `- ns.example.net`
    let value = value.trim_start_matches(['-', '*', '>', ' ']);

    // `example.test NS ns.example.net`: a line of a zone file.
    let value = value
        .split_once("\tNS\t")
        .or_else(|| value.split_once(" NS "))
        .map_or(value, |(_, server)| server);

    for (index, word) in value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'))
        .enumerate()
        .take(32)
    {
        let word = word.trim_matches(|c| matches!(c, '(' | ')' | '[' | ']' | '"'));
        let Some(host) = hostname(word) else {
            let numbering = index == 0
                && word
                    .trim_end_matches([')', '.', ':'])
                    .bytes()
                    .all(|b| b.is_ascii_digit());
            if word.is_empty() || numbering || word.parse::<IpAddr>().is_ok() {
                continue;
            }
            return;
        };
        if list.len() < MAX_SERVERS && !list.contains(&host) {
            list.push(host);
        }
    }
}

/// Parses whether a delegation is signed; `None` if the value is neither yes nor no.
pub(super) fn signed(value: &str) -> Option<bool> {
    let lower = value.trim().to_lowercase();
    let word = lower.split([' ', ',', '(', ';']).next().unwrap_or_default();
    match word {
        "unsigned" | "no" | "n" | "inactive" | "false" | "unsigneddelegation" | "off"
        | "disabled" | "0" => Some(false),
        "signed" | "yes" | "y" | "active" | "true" | "signeddelegation" | "on" | "enabled"
        | "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
