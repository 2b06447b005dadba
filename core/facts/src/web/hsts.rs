//! HTTP Strict Transport Security (RFC 6797).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy of a `Strict-Transport-Security` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hsts {
    /// How long browsers use only HTTPS, in seconds; 0 ends the policy.
    pub max_age: u64,
    /// Whether it holds for all names below this one.
    pub include_subdomains: bool,
    /// Whether the owner agrees to be in the browsers' built-in list.
    pub preload: bool,
}

impl Hsts {
    /// Parses the value of the header. `None` if it is invalid, so that browsers ignore it: no
    /// `max-age`, a directive twice, or no number.
    pub fn parse(value: &str) -> Option<Self> {
        let mut max_age = None;
        let (mut include_subdomains, mut preload) = (false, false);

        for directive in value
            .split(';')
            .map(str::trim)
            .filter(|one| !one.is_empty())
        {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (directive, None),
            };
            match name.to_ascii_lowercase().as_str() {
                "max-age" if max_age.is_some() => return None,
                "max-age" => max_age = Some(seconds(value?)?),
                "includesubdomains" if include_subdomains => return None,
                "includesubdomains" => include_subdomains = true,
                "preload" => preload = true,
                _ => {}
            }
        }

        max_age.map(|max_age| Self {
            max_age,
            include_subdomains,
            preload,
        })
    }
}

/// Digits, in quotes or not. More than a number can hold counts as the largest one.
fn seconds(value: &str) -> Option<u64> {
    let digits = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_directives_of_rfc_6797() {
        for (value, expected) in [
            ("max-age=31536000", Some((31_536_000, false, false))),
            (
                "max-age=\"600\"; includeSubDomains",
                Some((600, true, false)),
            ),
            (
                "MAX-AGE=1;;includesubdomains ; preload;",
                Some((1, true, true)),
            ),
            ("max-age=0", Some((0, false, false))),
            ("max-age=1; unknown=2; other", Some((1, false, false))),
            (
                "max-age=99999999999999999999999",
                Some((u64::MAX, false, false)),
            ),
            ("includeSubDomains", None),
            ("max-age", None),
            ("max-age=", None),
            ("max-age=-1", None),
            ("max-age=1; max-age=2", None),
            ("max-age=1; includeSubDomains; includeSubDomains", None),
            ("", None),
        ] {
            let found = Hsts::parse(value).map(|h| (h.max_age, h.include_subdomains, h.preload));
            assert_eq!(found, expected, "{value}");
        }
    }
}
