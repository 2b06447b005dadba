//! The value types that are the grammar: the type of an argument says what may be written there.
//!
//! Each reads the spelling that people paste ([`std::str::FromStr`]), prints its one canonical
//! spelling ([`std::fmt::Display`]), and describes itself to JSON Schema. Text, HTTP and chat
//! forms all come through the same reading.

mod address;
mod domain;
mod email;
mod message;
mod paste;
mod port_set;
mod record_type;
mod registered;
mod resolver;
mod simple;

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};

pub use address::{Address, Host, reverse_name};
pub use domain::{DnsName, Domain, both_forms, name_warning};
pub use email::Email;
pub use message::Message;
pub use paste::clean as clean_pasted;
pub use port_set::PortSet;
pub(crate) use record_type::COMMON as COMMON_TYPES;
pub use record_type::RecordType;
pub use registered::Registered;
pub use resolver::{Endpoint, Resolver, Transport};
pub use simple::{Flag, IpVersion, Number, Text, Word};

/// Why a value is not accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// Completes "`domain`: …".
    pub message: String,
    /// A corrected value.
    #[serde(default)]
    pub value: Option<String>,
    /// A whole corrected command, where another command fits.
    #[serde(default)]
    pub command: Option<String>,
    /// The faulty part, in characters of the value as written.
    #[serde(default)]
    pub part: Option<Range<usize>>,
}

impl Invalid {
    /// A fault of the whole value.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The same, pointing at a part of `value`, given in bytes.
    pub fn part(mut self, value: &str, bytes: Range<usize>) -> Self {
        let chars = |end: usize| value.get(..end).map_or(0, |head| head.chars().count());
        self.part = Some(chars(bytes.start)..chars(bytes.end));
        self
    }

    /// The same, with a corrected value.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The same, with another command that fits.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// serde errors carry only text, so the parts travel in it as JSON.
    pub(crate) fn into_serde<E: serde::de::Error>(self) -> E {
        E::custom(serde_json::to_string(&self).unwrap_or(self.message))
    }

    /// The way back from [`Self::into_serde`]; other serde errors become a plain message.
    pub(crate) fn from_serde(error: &str) -> Self {
        serde_json::from_str(error).unwrap_or_else(|_| Self::new(error))
    }
}

/// Reads a value so that its canonical spelling reads back as the same value.
///
/// Reading takes a final dot away and maps letters (IDNA), and what is left may be the spelling of something else:
/// `AS64496.` is no AS number but leaves one, `①.①.①.①` leaves an address. It is then that other thing, or an error
/// where that may not stand here.
fn settled<T: fmt::Display + PartialEq>(
    text: &str,
    read: fn(&str) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    let mut value = read(text)?;
    let mut spelling = value.to_string();
    // What is spelled as it was read reads back as it is.
    if spelling == text {
        return Ok(value);
    }
    for _ in 0..3 {
        // A fault lies in the canonical spelling, which is not what was written.
        let again = read(&spelling).map_err(|invalid| Invalid {
            part: None,
            ..invalid
        })?;
        if again == value {
            return Ok(value);
        }
        spelling = again.to_string();
        value = again;
    }
    Err(Invalid::new("this can be read in more than one way"))
}

/// Makes a value type of one with `read` and `Display`: it reads ([`settled`]), and is read and written as a JSON string.
macro_rules! text_value {
    ($type:ty, $name:literal, $description:literal $(, $completes:literal)?) => {
        impl std::str::FromStr for $type {
            type Err = $crate::args::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::args::settled(text, Self::read)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(|invalid: $crate::args::Invalid| invalid.into_serde())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "format": concat!("netvane:", $name), "minLength": 1, "maxLength": 2048, "x-form": $description $(, "x-completes": $completes)?
                })
            }
        }
    };
}
use text_value;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text is read as, in canonical spelling; panics where that does not read back as the same value.
    fn canonical<T>(text: &str) -> Result<String, Invalid>
    where
        T: std::str::FromStr<Err = Invalid> + fmt::Display + fmt::Debug + PartialEq,
    {
        let value: T = text.parse()?;
        let spelling = value.to_string();
        assert_eq!(
            spelling.parse(),
            Ok(value),
            "{text:?} is read as {spelling:?}"
        );
        Ok(spelling)
    }

    #[test]
    fn reads_what_is_left_by_a_mapping_as_what_it_spells() {
        assert_eq!(
            canonical::<Registered>("AS64496.").as_deref(),
            Ok("AS64496")
        );
        assert_eq!(
            canonical::<Registered>("ＡＳ64496").as_deref(),
            Ok("AS64496")
        );
        assert_eq!(
            canonical::<Registered>("192。0。2。1").as_deref(),
            Ok("192.0.2.1")
        );
        assert_eq!(
            canonical::<Resolver>("192．0．2．1:53").as_deref(),
            Ok("192.0.2.1:53")
        );
        assert_eq!(canonical::<Word>("/ mx").as_deref(), Ok("mx"));
    }

    #[test]
    fn rejects_what_a_mapping_turns_into_another_sort() {
        let refused = |invalid: Result<String, Invalid>| {
            let invalid = invalid.expect_err("another sort");
            (invalid.message, invalid.part)
        };
        let address = || {
            let message = "1.1.1.1 is an address; a domain name is wanted here";
            (message.to_owned(), None)
        };
        assert_eq!(refused(canonical::<Domain>("①.①.①.①")), address());
        assert_eq!(refused(canonical::<Host>("①.①.①.①")), address());
        assert_eq!(refused(canonical::<Registered>("①.①.①.①")), address());
        assert_eq!(
            refused(canonical::<DnsName>("①.①.①.①")).0,
            "1.1.1.1 is an address; its PTR records are at another name"
        );
        assert_eq!(
            refused(canonical::<Registered>("６４４９６")).0,
            "addresses are written as four decimal numbers"
        );
        assert!(canonical::<Email>("ada@①.①.①.①").is_err());
    }

    #[test]
    fn every_record_type_reads_back() {
        for number in 0..=u16::MAX {
            let _ = canonical::<RecordType>(&number.to_string());
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

        /// Of pieces that mean something to at least one of the types.
        #[test]
        fn every_canonical_spelling_reads_back(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES), 1..8),
        ) {
            let text = pieces.concat();
            let _ = (canonical::<Address>(&text), canonical::<Host>(&text));
            let _ = (canonical::<Domain>(&text), canonical::<DnsName>(&text));
            let _ = (canonical::<Email>(&text), canonical::<Registered>(&text));
            let _ = (canonical::<Resolver>(&text), canonical::<Endpoint>(&text));
            let _ = (canonical::<PortSet>(&text), canonical::<RecordType>(&text));
            let _ = canonical::<Word>(&text);
        }
    }

    const PIECES: &[&str] = &[
        "AS",
        "as",
        "64496",
        "1",
        "①",
        "１",
        "²",
        "0x7f",
        "010",
        "192.0.2.1",
        "2001:db8::1",
        "::ffff:1.2.3.4",
        "/",
        "24",
        "℀",
        "⒈",
        "／",
        ".",
        "..",
        "。",
        "．",
        "@",
        "ａ",
        "a",
        "ß",
        "İ",
        "xn--",
        "bücher",
        "example.com",
        "-",
        "_",
        "*",
        " ",
        ":",
        "53",
        "#",
        "[",
        "]",
        "<",
        ">",
        "|",
        "(",
        ")",
        "\"",
        "'",
        "`",
        "“",
        "tls://",
        "https://",
        "mailto:",
        "[.]",
        "[at]",
        "[dot]",
        "hxxp",
        "%",
        "=",
        "+",
        ",",
        "ssh",
        "in-addr.arpa",
        "1.2.0.192.in-addr.arpa",
        "TYPE",
        "MX",
        "?",
        "\u{301}",
        "\u{200d}",
        "\u{ad}",
    ];
}
