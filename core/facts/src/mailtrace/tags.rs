//! Tag lists of DKIM and ARC fields (RFC 6376 §3.2).

use super::names;

/// `key=value` pairs with white space removed from the values, keys in lower case.
pub(super) fn read(value: &str) -> Vec<(String, String)> {
    let pairs = names::clip(value, 8 * 1024)
        .split(';')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| {
            (
                key.trim().to_ascii_lowercase(),
                value.split_whitespace().collect::<String>(),
            )
        })
        .take(40)
        .collect()
}

/// The value of the first tag of that name.
pub(super) fn get<'t>(tags: &'t [(String, String)], name: &str) -> Option<&'t str> {
    tags.iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
