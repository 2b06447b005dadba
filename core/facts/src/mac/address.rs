//! A MAC address as people write it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::target::{Invalid, text_value};

/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 64;

/// A MAC address or its first digits: 6 to 12 hexadecimal digits, or the 16 of an EUI-64.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MacAddress {
    /// The digits in lower case, without separators.
    digits: String,
}

text_value!(
    MacAddress,
    "MacAddress",
    "a MAC address such as 00:00:5e:00:53:01, or its first 6 digits",
    rest
);

/// What the two lowest bits of the first octet say (IEEE 802 §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MacKind {
    /// Assigned from a block that IEEE registers.
    Universal,
    /// Assigned locally: by software, an operator, or at random.
    Local,
    /// An address of a group of receivers: multicast or broadcast.
    Group,
}

impl MacAddress {
    /// The digits in lower case, without separators.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Whether all digits are there: 48 or 64 bits.
    pub fn is_complete(&self) -> bool {
        matches!(self.digits.len(), 12 | 16)
    }

    /// The kind of the address; a group is one whatever the other bit says.
    pub fn kind(&self) -> MacKind {
        match self.first_octet() & 3 {
            0 => MacKind::Universal,
            2 => MacKind::Local,
            _ => MacKind::Group,
        }
    }

    /// Whether the address is assigned locally, also that of a group.
    pub fn is_local(&self) -> bool {
        self.first_octet() & 2 != 0
    }

    /// The digits with the bit of groups cleared: those of the holder who defines the group.
    pub(super) fn individual_digits(&self) -> String {
        let rest = self.digits.get(2..).unwrap_or_default();
        format!("{:02x}{rest}", self.first_octet() & 0xfe)
    }

    fn first_octet(&self) -> u8 {
        let first = self.digits.get(..2).unwrap_or_default();
        u8::from_str_radix(first, 16).unwrap_or_default()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_TEXT {
            return Err(Invalid::new("too long for a MAC address"));
        }
        let text = text
            .trim()
            .trim_matches(['"', '\'', '`', '<', '>', '(', ')', ',', ';'])
            .replace(['–', '‐', '‑'], "-")
            .to_lowercase();

        let digits = join_groups(&text)?;
        match digits.len() {
            6..=12 | 16 => Ok(Self { digits }),
            length => Err(Invalid::new(format!(
                "a MAC address has 12 hexadecimal digits, or 6 to 11 of its prefix; got {length}"
            ))),
        }
    }
}

/// Joins groups of digits: pairs, groups of four or six, or digits without separators. In pairs of an address or of its
/// first half, a leading zero may be missing, as BSD and macOS write them.
fn join_groups(text: &str) -> Result<String, Invalid> {
    let expected = || Invalid::new("expected a MAC address such as 00:00:5e:00:53:01");
    let mut separators = text.chars().filter(|c| !c.is_ascii_hexdigit());
    let separator = separators.next();
    let is_known = separator.is_none_or(|c| matches!(c, ':' | '-' | '.' | ' ' | '_'));
    if !is_known || !separators.all(|c| Some(c) == separator) {
        return Err(expected());
    }

    let groups: Vec<&str> = match separator {
        Some(separator) => text.split(separator).collect(),
        None => return Ok(text.to_owned()),
    };
    let (last, before) = groups.split_last().ok_or_else(expected)?;
    let longest = before.iter().map(|group| group.len()).max().unwrap_or(0);
    if last.is_empty() || before.iter().any(|group| group.is_empty()) {
        return Err(expected());
    }

    match longest {
        1 | 2 if last.len() <= 2 => Ok(join_pairs(&groups)),
        4 | 6 if last.len() <= longest && before.iter().all(|group| group.len() == longest) => {
            Ok(groups.concat())
        }
        _ => Err(expected()),
    }
}

fn join_pairs(groups: &[&str]) -> String {
    let complete = matches!(groups.len(), 3 | 6 | 8);
    let pairs = groups.iter().enumerate().map(|(index, group)| {
        // The single digit at the end of a longer prefix is its first half: `8c:1f:64:a`.
        if complete || index + 1 < groups.len() {
            format!("{group:0>2}")
        } else {
            (*group).to_owned()
        }
    });
    pairs.collect()
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, digit) in self.digits.chars().enumerate() {
            if index > 0 && index % 2 == 0 {
                f.write_str(":")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}
