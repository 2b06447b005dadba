//! Simple argument types: a flag, a number, free text and a single word.

use std::fmt;

use netvane_document::UsageError;
use netvane_facts::target::{Invalid, text_value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::platform::Platform;

/// A flag: set by its bare name, or by `yes`/`no`, `true`/`false`, `on`/`off`, `1`/`0`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Flag(pub bool);

impl Flag {
    /// For `skip_serializing_if`: an unset flag is not part of the canonical arguments.
    pub fn is_unset(&self) -> bool {
        !self.0
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bool(bool),
            Text(String),
            Number(u8),
        }
        let text = match Written::deserialize(deserializer) {
            Ok(Written::Bool(flag)) => return Ok(Self(flag)),
            Ok(Written::Text(text)) => text.to_ascii_lowercase(),
            Ok(Written::Number(number)) => number.to_string(),
            Err(_) => return Err(D::Error::custom("expected true or false")),
        };
        match text.as_str() {
            "true" | "yes" | "on" | "1" => Ok(Self(true)),
            "false" | "no" | "off" | "0" => Ok(Self(false)),
            _ => Err(D::Error::custom("expected true or false")),
        }
    }
}

impl JsonSchema for Flag {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Flag".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean", "default": false })
    }
}

/// A whole number from `LOW` to `HIGH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Number<const LOW: i64, const HIGH: i64>(pub i64);

impl<'de, const LOW: i64, const HIGH: i64> Deserialize<'de> for Number<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let outside = || D::Error::custom(format!("expected a number from {LOW} to {HIGH}"));
        match i64::deserialize(deserializer) {
            Ok(number) if (LOW..=HIGH).contains(&number) => Ok(Self(number)),
            _ => Err(outside()),
        }
    }
}

impl<const LOW: i64, const HIGH: i64> JsonSchema for Number<LOW, HIGH> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Number{LOW}To{HIGH}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LOW, "maximum": HIGH })
    }
}

/// A number of repetitions, from 1 to `HIGH`. Also 0, for no end, which is not listed because only a
/// terminal runs such a command; the command itself rejects it elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Count<const HIGH: i64>(pub i64);

impl<const HIGH: i64> Count<HIGH> {
    /// Whether there is no end.
    pub fn is_endless(self) -> bool {
        self.0 == 0
    }

    /// Rejects an endless count outside of a terminal.
    ///
    /// # Errors
    /// A usage error that names the bounds.
    pub fn check(self, platform: Platform) -> Result<(), UsageError> {
        if self.is_endless() && platform != Platform::Terminal {
            let message = format!("`count` must be 1–{HIGH}; 0 works only in a terminal");
            return Err(UsageError::argument(message));
        }
        Ok(())
    }
}

impl<'de, const HIGH: i64> Deserialize<'de> for Count<HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let outside = || D::Error::custom(format!("expected a number from 1 to {HIGH}"));
        match i64::deserialize(deserializer) {
            Ok(number) if (0..=HIGH).contains(&number) => Ok(Self(number)),
            _ => Err(outside()),
        }
    }
}

impl<const HIGH: i64> JsonSchema for Count<HIGH> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("CountTo{HIGH}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": HIGH, "x-or-endless": true })
    }
}

/// Free text to the end of the line, unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text(pub String);

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "x-rest": true, "x-verbatim": true, "x-form": "text to the end of the line" })
    }
}

/// A phrase to search for, as it is written, of at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phrase(pub String);

text_value!(Phrase, "Phrase", "text of at most 200 characters");

impl Phrase {
    fn read(text: &str) -> Result<Self, Invalid> {
        match text.chars().count() {
            1..=200 => Ok(Self(text.to_owned())),
            _ => Err(Invalid::new("expected text of at most 200 characters")),
        }
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One word of at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word(pub String);

text_value!(Word, "Word", "one word", "command");

impl Word {
    fn read(text: &str) -> Result<Self, Invalid> {
        let word = text
            .trim()
            .trim_start_matches('/')
            .to_lowercase()
            .replace('-', "_");
        match word.chars().count() {
            1..=64 if !word.chars().any(char::is_control) => Ok(Self(word)),
            _ => Err(Invalid::new("expected one word of at most 64 characters")),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
