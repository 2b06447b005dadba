//! Keys of entries as parts of subjects.
//!
//! A subject permits `[-/_=.A-Za-z0-9]` in a key. Other bytes, dots and equals signs are written as `=XX`, so that every
//! key has one subject, and a key from outside cannot become a wildcard.

use data_encoding::HEXUPPER;
use ring::digest::{SHA256, digest};

/// Longest key in a subject. A longer one is replaced by its hash.
const MAX_LENGTH: usize = 512;

/// Begins the hash of a long key; `=H` is never a byte.
const HASH: &str = "=H";

/// Returns the key as it is in a subject.
pub(crate) fn encode(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for &byte in key.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('=');
            encoded.push_str(&HEXUPPER.encode(&[byte]));
        }
    }
    match encoded.len() {
        // A token must not be empty.
        0 => "=".to_owned(),
        1..=MAX_LENGTH => encoded,
        _ => {
            let hash = digest(&SHA256, key.as_bytes());
            format!("{HASH}{}", HEXUPPER.encode(hash.as_ref()))
        }
    }
}

/// Reads a key from a subject; `None` for a hash.
pub(crate) fn decode(encoded: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(encoded.len()), encoded);
    if encoded == "=" {
        return Some(String::new());
    }
    while let Some((plain, after)) = rest.split_once('=') {
        bytes.extend_from_slice(plain.as_bytes());
        let (digits, after) = after.split_at_checked(2)?;
        bytes.extend(HEXUPPER.decode(digits.as_bytes()).ok()?);
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_subject_of_its_own_and_comes_back() {
        let keys = [
            "",
            "a",
            "telegram/123",
            "a.b",
            "a=b",
            "*",
            ">",
            "a b",
            "x=2E",
            "ä€",
            "..",
            "\u{0}",
        ];
        let encoded: Vec<_> = keys.iter().map(|key| encode(key)).collect();
        for (key, encoded) in keys.iter().zip(&encoded) {
            assert!(
                encoded
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_/=".contains(&byte)),
                "{encoded}"
            );
            assert_eq!(decode(encoded).as_deref(), Some(*key));
        }
        let different: std::collections::BTreeSet<_> = encoded.iter().collect();
        assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn a_long_key_becomes_a_hash() {
        let (one, two) = (encode(&"x".repeat(600)), encode(&"x".repeat(601)));
        assert_eq!(one.len(), two.len());
        assert_ne!(one, two);
        assert_eq!(decode(&one), None);
    }
}
