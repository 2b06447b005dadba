//! Lookup targets: names, addresses and resolvers, as people write them.
//!
//! Each type parses what people paste ([`std::str::FromStr`]), prints one canonical spelling ([`std::fmt::Display`]),
//! and has a JSON Schema.

mod address;
mod domain;
mod ip_version;
mod paste;
mod resolver;

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};

pub use address::{Address, Host, bad_prefix_length, reverse_name};
pub use domain::{DnsName, Domain, both_forms, name_warning};
pub use ip_version::IpVersion;
pub use paste::clean as clean_pasted;
pub use resolver::{Endpoint, Resolver, Transport};

/// Why a value is invalid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// The mistake, as the second part of "`domain`: …".
    pub message: String,
    /// The corrected value, if there is one.
    #[serde(default)]
    pub value: Option<String>,
    /// Another command that accepts the value, with the value.
    #[serde(default)]
    pub command: Option<String>,
    /// Position of the mistake in the value as written, in characters.
    #[serde(default)]
    pub part: Option<Range<usize>>,
}

impl Invalid {
    /// Creates an error about the whole value.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// Sets the position of the mistake from a byte range in `value`.
    pub fn part(mut self, value: &str, bytes: Range<usize>) -> Self {
        let chars = |end: usize| value.get(..end).map_or(0, |head| head.chars().count());
        self.part = Some(chars(bytes.start)..chars(bytes.end));
        self
    }

    /// Sets the corrected value.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Sets another command that accepts the value.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Converts to a serde error. These hold only text, so the fields are encoded in it as JSON.
    pub fn into_serde<E: serde::de::Error>(self) -> E {
        E::custom(serde_json::to_string(&self).unwrap_or(self.message))
    }

    /// Decodes the text of an error from [`Self::into_serde`]; any other text becomes the message.
    pub fn from_serde(error: &str) -> Self {
        serde_json::from_str(error).unwrap_or_else(|_| Self::new(error))
    }
}

/// Parses a value so that its canonical spelling parses as the same value.
///
/// Parsing removes a final dot and maps letters (IDNA), and the result may be the spelling of another value: `AS64496.`
/// becomes an AS number, and `①.①.①.①` an address. It is then parsed again, and fails if that value is not allowed.
pub fn settled<T: fmt::Display + PartialEq>(
    text: &str,
    read: fn(&str) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    let mut value = read(text)?;
    let mut spelling = value.to_string();
    // A text in canonical spelling parses as the same value.
    if spelling == text {
        return Ok(value);
    }
    for _ in 0..3 {
        // The position would refer to the canonical spelling, not to the text as written.
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
    Err(Invalid::new(
        "ambiguous value: it has more than one meaning",
    ))
}

/// Implements `FromStr` (with [`settled`]), serde as a JSON string, and JSON Schema for types with `read` and `Display`.
#[macro_export]
macro_rules! text_value {
    // A value that takes the rest of the line, spaces included.
    ($type:ty, $name:literal, $description:literal, rest) => {
        $crate::target::text_value!(@with $type, $name, $description, "x-rest": true);
    };
    ($type:ty, $name:literal, $description:literal $(, $completes:literal)?) => {
        $crate::target::text_value!(@with $type, $name, $description $(, "x-completes": $completes)?);
    };
    (@with $type:ty, $name:literal, $description:literal $(, $key:literal: $value:literal)?) => {
        impl std::str::FromStr for $type {
            type Err = $crate::target::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::target::settled(text, Self::read)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(|invalid: $crate::target::Invalid| invalid.into_serde())
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
                    "type": "string", "format": concat!("netvane:", $name), "minLength": 1, "maxLength": 2048, "x-form": $description $(, $key: $value)?
                })
            }
        }
    };
}
pub use text_value;

#[cfg(test)]
mod tests;
