//! A pasted or uploaded mail message.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole message or only its headers, as pasted or uploaded. In cache keys and replies only its
/// length and SHA-256 appear, because pasted content must not be repeated anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(pub String);

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes());
        let hex: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        serializer.collect_str(&format_args!("{} bytes, SHA-256 {hex}", self.0.len()))
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Message {
    fn schema_name() -> Cow<'static, str> {
        "Message".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "netvane:Message", "minLength": 1, "x-rest": true, "x-message": true, "x-form": "pasted headers or a whole message" })
    }
}
