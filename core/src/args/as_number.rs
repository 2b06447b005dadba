//! Numbers of autonomous systems.

use std::fmt;

use netvane_facts::target::{Invalid, text_value};

use super::Registered;

/// Longest text in bytes that is read: more than a number with its prefix, leading zeros and spaces.
const MAX_TEXT: usize = 64;

/// Number of an autonomous system: `AS64496`, `64496`, or `1.10` (RFC 5396).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AsNumber(pub u32);

text_value!(AsNumber, "AsNumber", "an AS number such as AS64496", rest);

impl AsNumber {
    fn read(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_TEXT {
            return Err(Invalid::new("expected an AS number such as AS64496"));
        }
        if let Some(number) = read_dotted(text) {
            return Ok(Self(number));
        }
        match text.parse() {
            Ok(Registered::As(number)) => Ok(Self(number)),
            Ok(other) => Err(Invalid::new("expected an AS number such as AS64496")
                .command(format!("/whois {other}"))),
            Err(invalid) if invalid.message.starts_with("AS number") => Err(invalid),
            Err(_) => Err(Invalid::new("expected an AS number such as AS64496")),
        }
    }
}

/// Reads the notation of two 16-bit numbers (asdot, RFC 5396).
fn read_dotted(text: &str) -> Option<u32> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix("as").unwrap_or(&text);
    let (high, low) = text.split_once('.')?;
    let number = |part: &str| -> Option<u16> {
        let is_plain = part.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| part.parse().ok()).flatten()
    };
    Some(u32::from(number(high)?) << 16 | u32::from(number(low)?))
}

impl fmt::Display for AsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AS{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_notation() {
        for (text, number) in [
            ("AS64496", 64_496),
            ("asn 64496", 64_496),
            ("64496", 64_496),
            ("AS1.10", 65_546),
            ("0.1", 1),
            ("AS4294967295", u32::MAX),
        ] {
            assert_eq!(text.parse(), Ok(AsNumber(number)), "{text}");
        }
        for wrong in [
            "",
            "AS",
            "AS4294967296",
            "1.65536",
            "1.2.3",
            "192.0.2.1",
            "example.com",
            "-1",
        ] {
            assert!(wrong.parse::<AsNumber>().is_err(), "{wrong}");
        }
    }
}
