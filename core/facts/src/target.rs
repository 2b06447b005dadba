//! Names and addresses that a lookup can be about, and how people write them.
//!
//! Each type reads the spelling that people paste ([`std::str::FromStr`]), prints its one canonical spelling
//! ([`std::fmt::Display`]), and describes itself to JSON Schema.

mod address;
mod domain;
mod ip_version;
mod paste;
mod resolver;

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};

pub use address::{Address, Host, reverse_name};
pub use domain::{DnsName, Domain, both_forms, name_warning};
pub use ip_version::IpVersion;
pub use paste::clean as clean_pasted;
pub use resolver::{Endpoint, Resolver, Transport};

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
    pub fn into_serde<E: serde::de::Error>(self) -> E {
        E::custom(serde_json::to_string(&self).unwrap_or(self.message))
    }

    /// The way back from [`Self::into_serde`]; other serde errors become a plain message.
    pub fn from_serde(error: &str) -> Self {
        serde_json::from_str(error).unwrap_or_else(|_| Self::new(error))
    }
}

/// Reads a value so that its canonical spelling reads back as the same value.
///
/// Reading takes a final dot away and maps letters (IDNA), and what is left may be the spelling of something else:
/// `AS64496.` is no AS number but leaves one, `①.①.①.①` leaves an address. It is then that other thing, or an error
/// where that may not stand here.
pub fn settled<T: fmt::Display + PartialEq>(
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
#[macro_export]
macro_rules! text_value {
    ($type:ty, $name:literal, $description:literal $(, $completes:literal)?) => {
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
                    "type": "string", "format": concat!("netvane:", $name), "minLength": 1, "maxLength": 2048, "x-form": $description $(, "x-completes": $completes)?
                })
            }
        }
    };
}
pub use text_value;

#[cfg(test)]
mod tests;
