//! A pasted or uploaded mail message.

mod digested;

use std::borrow::Cow;

use data_encoding::{BASE64, HEXLOWER};
use netvane_net::mailauth::BodyHash;
use ring::digest::{SHA256, digest};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

pub(crate) use digested::{Digest, DigestedMessage};

/// Largest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 25 << 20;
/// Start of the data URLs (RFC 2397) that this service makes of messages that are not UTF-8.
const DATA_URL: &str = "data:message/rfc822;base64,";

/// A whole message or only its headers, as pasted or uploaded. As text, it is the text itself, a data URL in base64
/// (RFC 2397), or what remains of an upload. In cache keys and replies only the number of bytes and their SHA-256
/// appear, because pasted content must not be repeated anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The bytes of the message, or of a long upload its start: the header section and some of the body.
    pub bytes: Vec<u8>,
    /// Of a long upload, the hashes of its body, and the digest of all of it.
    digest: Option<Digest>,
}

impl Message {
    /// The value of an argument that is read as these bytes: the text itself where it is UTF-8, without a copy.
    pub fn argument(bytes: Vec<u8>) -> String {
        match String::from_utf8(bytes) {
            Ok(text) if payload(&text).is_none() && !digested::is_sealed(&text) => text,
            Ok(text) => encode(text.as_bytes()),
            Err(error) => encode(error.as_bytes()),
        }
    }

    /// The hashes of the body; `None` if the body is in the bytes.
    pub fn body_hashes(&self) -> Option<&[BodyHash]> {
        self.digest.as_ref().map(|digest| digest.hashes.as_slice())
    }
}

fn encode(bytes: &[u8]) -> String {
    let length = BASE64.encode_len(bytes.len());
    let mut url = String::with_capacity(DATA_URL.len() + length);
    url.push_str(DATA_URL);
    BASE64.encode_append(bytes, &mut url);
    url
}

/// The base64 of a data URL of any media type; `None` if the text is not one.
fn payload(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("data:")?;
    let comma = rest.bytes().take(200).position(|byte| byte == b',')?;
    let media_type = rest[..comma].strip_suffix(";base64")?;
    (media_type.contains('/') && !media_type.contains(char::is_whitespace))
        .then_some(&rest[comma + 1..])
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (size, sha256) = match &self.digest {
            Some(digest) => (digest.size, digest.sha256.clone()),
            None => (
                self.bytes.len(),
                HEXLOWER.encode(digest(&SHA256, &self.bytes).as_ref()),
            ),
        };
        serializer.collect_str(&format_args!("{size} bytes, SHA-256 {sha256}"))
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some((bytes, digest)) = digested::open(&text) {
            return Ok(Self {
                bytes,
                digest: Some(digest),
            });
        }
        let bytes = match payload(&text) {
            None => text.into_bytes(),
            Some(payload) => BASE64
                .decode(payload.trim_end().as_bytes())
                .map_err(|error| {
                    D::Error::custom(format!("the data URL is not valid base64: {error}"))
                })?,
        };
        Ok(Self {
            bytes,
            digest: None,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>, String> {
        serde_json::from_value::<Message>(text.into())
            .map(|message| message.bytes)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn any_bytes_survive_as_an_argument() {
        for bytes in [
            b"From: a\r\n\r\nGr\xfc\xdfe".as_slice(),
            b"From: a\n\nb",
            "From: ü".as_bytes(),
            b"\xff\xfeF\0r\0",
            b"\0\x01\xff",
            b"data:text/plain;base64,QQ==",
            b"",
        ] {
            let argument = Message::argument(bytes.to_vec());
            assert_eq!(read(&argument).as_deref(), Ok(bytes), "{argument}");
        }
    }

    #[test]
    fn text_is_read_as_it_is() {
        for text in [
            "data: x",
            "data:,x",
            "data:a b/c;base64,QQ==",
            "Data:text/plain;base64,QQ==",
            "From: a",
        ] {
            assert_eq!(read(text).as_deref(), Ok(text.as_bytes()), "{text}");
        }
        assert_eq!(
            read("data:message/rfc822;base64,RnJvbTogYQ==\n").as_deref(),
            Ok(b"From: a".as_slice())
        );
        let error = read("data:message/rfc822;base64,R?").expect_err("not base64");
        assert!(
            error.starts_with("the data URL is not valid base64"),
            "{error}"
        );
    }
}
