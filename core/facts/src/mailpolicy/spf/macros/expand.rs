//! Inserts the facts about a message into a text with macros (RFC 7208 §7.3).

use std::{borrow::Cow, fmt::Write, net::IpAddr};

use super::{Macro, MacroLetter, MacroPart, MacroString, MacroValues};

/// Maximum length of a domain name in text form, in bytes (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;
/// Maximum length of a name before labels on its left are removed, in bytes.
const MAX_EXPANSION: usize = 16 << 10;

impl MacroString {
    /// Expands the macros to a domain name without a final dot. Labels on the left are removed until it has at most 253
    /// bytes. `None` if no name can be made of it.
    pub fn expand_name(&self, values: &MacroValues<'_>) -> Option<String> {
        let name = self.expand(values, MAX_EXPANSION)?;
        let mut name = name.strip_suffix('.').unwrap_or(&name);
        while name.len() > MAX_NAME {
            name = name.split_once('.')?.1;
        }
        Some(name.to_owned())
    }

    /// Expands the macros. `None` if the text gets longer than `most` bytes.
    pub fn expand(&self, values: &MacroValues<'_>, most: usize) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                MacroPart::Literal(literal) => text.push_str(literal),
                MacroPart::Escape(escape) => text.push_str(escape),
                MacroPart::Macro(part) => text.push_str(&part.expand(values)),
            }
            if text.len() > most {
                return None;
            }
        }
        Some(text)
    }
}

impl Macro {
    fn expand(&self, values: &MacroValues<'_>) -> String {
        let value = value_of(self.letter, values);
        let is_plain = self.keep.is_none() && !self.is_reversed && self.delimiters.is_empty();
        let value = if is_plain {
            value.into_owned()
        } else {
            self.transform(&value)
        };
        if self.is_encoded {
            percent_encode(&value)
        } else {
            value
        }
    }

    /// Splits the value, reverses the parts, keeps those on the right, and joins them with dots.
    fn transform(&self, value: &str) -> String {
        let delimiters = if self.delimiters.is_empty() {
            "."
        } else {
            &self.delimiters
        };
        let mut parts: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
        if self.is_reversed {
            parts.reverse();
        }
        let first = parts.len().saturating_sub(self.keep.unwrap_or(usize::MAX));
        parts[first..].join(".")
    }
}

fn value_of<'a>(letter: MacroLetter, values: &MacroValues<'a>) -> Cow<'a, str> {
    match letter {
        MacroLetter::Sender => format!("{}@{}", values.local_part, values.sender_domain).into(),
        MacroLetter::LocalPart => values.local_part.into(),
        MacroLetter::SenderDomain => values.sender_domain.into(),
        MacroLetter::Domain => values.domain.into(),
        MacroLetter::Address => dotted(values.address).into(),
        MacroLetter::ReverseName => values.reverse_name.into(),
        MacroLetter::ReverseZone if values.address.is_ipv4() => "in-addr".into(),
        MacroLetter::ReverseZone => "ip6".into(),
        MacroLetter::Helo => values.helo.into(),
        MacroLetter::PlainAddress => values.address.to_string().into(),
        MacroLetter::Receiver => values.receiver.into(),
        MacroLetter::Time => values.time.to_string().into(),
    }
}

/// An IPv4 address as usual, an IPv6 address as 32 hexadecimal digits, separated by dots.
fn dotted(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let digits: Vec<String> = v6
                .octets()
                .iter()
                .flat_map(|octet| [octet >> 4, octet & 15])
                .map(|digit| format!("{digit:X}"))
                .collect();
            digits.join(".")
        }
    }
}

/// Encodes all bytes but the unreserved ones (RFC 3986 §2.3).
fn percent_encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
