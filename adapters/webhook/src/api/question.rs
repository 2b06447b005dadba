//! A lookup request in JSON.

use netvane_core::{Failure, Input, UsageError};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, value::RawValue};

/// The two forms of a lookup request in JSON.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupRequest {
    /// A line as typed in a chat: `/mx example.com`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(!default, with = "String", length(min = 1), extend("format" = "netvane:Command"))]
    command: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(!default, with = "String")]
    name: Option<String>,
    arguments: Option<Map<String, Value>>,
    /// Any JSON value of up to 1,024 bytes; returned with the reply.
    #[serde(default, rename = "ref", deserialize_with = "present")]
    #[schemars(!default, with = "RawValue")]
    pub(crate) reference: Option<Box<RawValue>>,
    /// Where the reply is delivered later, signed (Standard Webhooks).
    #[serde(default, deserialize_with = "present")]
    #[schemars(
        !default,
        with = "String",
        regex(pattern = "^https?://"),
        length(max = 2048),
        extend("format" = "uri")
    )]
    pub(crate) callback: Option<String>,
}

/// Deserializes a field that is present, also if its value is `null`; only a missing field is
/// `None`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

pub(super) fn wrong(message: String) -> Failure {
    Failure::Usage(UsageError::argument(message))
}

impl LookupRequest {
    /// Parses a lookup request; `what` names the input in error messages.
    pub(crate) fn read(bytes: &[u8], what: &str) -> Result<Self, Failure> {
        if bytes.is_empty() {
            return Err(wrong(format!(
                r#"{what} is empty; send {{"command": "/mx example.com"}}"#
            )));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            wrong(format!(
                "{what} is not UTF-8 (at byte {})",
                error.valid_up_to()
            ))
        })?;
        // serde would also accept an array, as the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err(wrong(format!("{what} is not a JSON object")));
        }
        serde_json::from_str(text)
            .map_err(|error| wrong(format!("{what} is not a valid request: {error}")))
    }

    /// Returns the command line, or the command with its arguments, as input for the engine.
    pub(crate) fn input(self) -> Result<Input, Failure> {
        match (self.command, self.name, self.arguments) {
            (Some(command), None, None) => Ok(Input::Text(command)),
            (None, Some(name), arguments) => Ok(Input::Named {
                name,
                arguments: arguments.unwrap_or_default(),
            }),
            _ => Err(wrong(
                r#"send either "command", a line, or "name" with "arguments""#.into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
