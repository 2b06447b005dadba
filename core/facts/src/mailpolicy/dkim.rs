//! Parser of DKIM key records (RFC 6376 §3.6.1, RFC 8301, RFC 8463).

mod der;
#[cfg(test)]
mod tests;

use data_encoding::{BASE64_NOPAD, Specification};

/// Maximum number of tags that are read.
const MAX_TAGS: usize = 32;
/// Maximum length of a tag's value, in characters, as it is repeated in a report.
const MAX_SHOWN: usize = 60;

/// A DKIM key record. Tags that are absent have their default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key (`p=` with `k=`).
    pub key: Key,
    /// `h`: hash algorithms that signatures may use, in lower case; empty if all are allowed.
    pub hashes: Vec<String>,
    /// `s`: services that the key is for, in lower case; empty if it is for all.
    pub services: Vec<String>,
    /// `t=y`: the domain is testing DKIM, so failures do not count.
    pub is_testing: bool,
    /// `t=s`: the signing domain must be the author's, not a subdomain of it.
    pub is_strict: bool,
    /// Violations of the syntax that make verifiers ignore the record.
    pub faults: Vec<String>,
    /// Tags that have no effect.
    pub ignored: Vec<String>,
}

/// The public key of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// RSA with the length of its modulus in bits.
    Rsa {
        /// Length of the modulus.
        bits: usize,
    },
    /// Ed25519 (RFC 8463), 256 bits.
    Ed25519,
    /// Revoked: `p=` is empty.
    Revoked,
    /// The type is unknown (`k=`).
    UnknownType(String),
    /// The key cannot be read: its type, and why.
    Invalid(&'static str, String),
    /// The tag `p` is missing.
    Missing,
}

impl Key {
    /// The type of the key as in `k=`, if it is one that verifiers know.
    pub fn type_name(&self) -> Option<&str> {
        match self {
            Self::Rsa { .. } => Some("rsa"),
            Self::Ed25519 => Some("ed25519"),
            Self::Invalid(name, _) => Some(name),
            Self::UnknownType(name) => Some(name),
            Self::Revoked | Self::Missing => None,
        }
    }

    /// Length of the key in bits, if it can be read.
    pub fn bits(&self) -> Option<usize> {
        match self {
            Self::Rsa { bits } => Some(*bits),
            Self::Ed25519 => Some(256),
            _ => None,
        }
    }
}

/// Whether a TXT record below `_domainkey` is meant as a key: it has the tag `p`, or the version of DKIM.
pub fn is_record(text: &str) -> bool {
    text.split(';')
        .filter_map(|tag| tag.split_once('='))
        .any(|(name, value)| match trim(name) {
            "p" => true,
            "v" => trim(value)
                .get(..4)
                .is_some_and(|head| head.eq_ignore_ascii_case("DKIM")),
            _ => false,
        })
}

/// Parses the tags of a record for which [`is_record`] holds.
pub fn parse(text: &str) -> KeyRecord {
    let mut record = KeyRecord {
        key: Key::Missing,
        hashes: Vec::new(),
        services: Vec::new(),
        is_testing: false,
        is_strict: false,
        faults: Vec::new(),
        ignored: Vec::new(),
    };
    let mut tags: Vec<(&str, &str)> = Vec::new();

    for piece in text.split(';').map(trim).filter(|piece| !piece.is_empty()) {
        let Some((name, value)) = piece.split_once('=') else {
            record.faults.push(format!(
                "`{}` is not a tag: expected a name, `=` and a value",
                shorten(piece)
            ));
            continue;
        };
        let (name, value) = (trim(name), trim(value));
        if tags.iter().any(|(other, _)| *other == name) {
            record
                .faults
                .push(format!("the tag `{}` occurs twice", shorten(name)));
        } else if tags.len() < MAX_TAGS {
            tags.push((name, value));
        }
        if record.faults.len() >= MAX_TAGS {
            break;
        }
    }

    for (at, (name, value)) in tags.iter().enumerate() {
        record.read_tag(at, name, value);
    }
    let find = |wanted: &str| {
        let tag = tags.iter().find(|(name, _)| *name == wanted);
        tag.map(|(_, value)| *value)
    };
    record.key = read_key(find("k").unwrap_or("rsa"), find("p"));
    record
}

impl KeyRecord {
    fn read_tag(&mut self, at: usize, name: &str, value: &str) {
        let list = |value: &str| -> Vec<String> {
            value
                .split(':')
                .map(|word| trim(word).to_ascii_lowercase())
                .filter(|word| !word.is_empty())
                .take(MAX_TAGS)
                .collect()
        };
        match name {
            "v" if value != "DKIM1" => self.faults.push(format!(
                "the version must be `DKIM1`, got `{}`",
                shorten(value)
            )),
            "v" if at > 0 => self
                .faults
                .push("the version `v=DKIM1` must be the first tag".into()),
            "v" | "k" | "p" | "n" => {}
            "h" => self.hashes = list(value),
            "s" => {
                self.services = list(value);
                if self.services.iter().any(|service| service == "*") {
                    self.services.clear();
                }
            }
            "t" => {
                let flags = list(value);
                self.is_testing = flags.iter().any(|flag| flag == "y");
                self.is_strict = flags.iter().any(|flag| flag == "s");
            }
            _ => self.ignored.push(shorten(name)),
        }
    }
}

fn read_key(key_type: &str, data: Option<&str>) -> Key {
    let Some(data) = data else {
        return Key::Missing;
    };
    let data: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if data.is_empty() {
        return Key::Revoked;
    }

    match key_type.to_ascii_lowercase().as_str() {
        "rsa" => match decode(&data) {
            Ok(bytes) => match der::rsa_bits(&bytes) {
                Some(bits) => Key::Rsa { bits },
                None => Key::Invalid("rsa", "`p=` is not an RSA public key".into()),
            },
            Err(why) => Key::Invalid("rsa", why),
        },
        "ed25519" => match decode(&data) {
            Ok(bytes) if bytes.len() == 32 => Key::Ed25519,
            Ok(bytes) => Key::Invalid(
                "ed25519",
                format!("an Ed25519 key has 32 bytes, `p=` has {}", bytes.len()),
            ),
            Err(why) => Key::Invalid("ed25519", why),
        },
        _ => Key::UnknownType(shorten(key_type)),
    }
}

/// Decodes base64 with or without its padding.
fn decode(text: &str) -> Result<Vec<u8>, String> {
    let body = text.trim_end_matches('=');
    let lenient = || -> Result<data_encoding::Encoding, data_encoding::SpecificationError> {
        let mut specification: Specification = BASE64_NOPAD.specification();
        specification.check_trailing_bits = false;
        specification.encoding()
    };
    let decoded = match lenient() {
        Ok(encoding) => encoding.decode(body.as_bytes()),
        Err(_) => BASE64_NOPAD.decode(body.as_bytes()),
    };
    decoded.map_err(|error| format!("`p=` is not valid base64 ({error})"))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Cuts a text for display and escapes what is not printable.
fn shorten(text: &str) -> String {
    text.chars()
        .take(MAX_SHOWN)
        .flat_map(char::escape_debug)
        .collect()
}
