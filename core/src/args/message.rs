//! A pasted or uploaded mail message.

use std::{borrow::Cow, sync::LazyLock};

use data_encoding::{BASE64, HEXLOWER};
use ring::{hmac, rand::SystemRandom};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Largest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 25 << 20;
/// Start of the data URLs (RFC 2397) that this service makes of messages that are not UTF-8.
const DATA_URL: &str = "data:message/rfc822;base64,";
/// Start of the data URLs of large messages, of which only the start is kept (`text/rfc822-headers`, RFC 6522), and of
/// the parameter with their code.
const START_URL: &str = "data:text/rfc822-headers;";
const CODE: &str = "code=";
/// Most bytes of a data URL before its base64.
const MAX_URL_HEAD: usize = 1000;

/// The bytes of a whole message or only its headers, as pasted or uploaded. As text, they are the text itself or a data
/// URL in base64 (RFC 2397). In cache keys and replies only their number and SHA-256 appear, because pasted content must
/// not be repeated anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The whole message, or its start if `rest` is there.
    pub(crate) bytes: Vec<u8>,
    /// What is known of the whole message.
    pub(crate) rest: Option<WholeMessage>,
}

/// What remains of a large message beside its start: it was read in parts, and is not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WholeMessage {
    /// Size of the message in bytes.
    pub(crate) size: usize,
    /// SHA-256 of all bytes in hexadecimal.
    pub(crate) digest: String,
    /// Hashes of the body as its signatures need them, see `HashedMessage::body_hashes`. `None` if no signature could
    /// verify.
    pub(crate) body_hashes: Option<String>,
}

impl Message {
    /// The value of an argument that is read as these bytes: the text itself where it is UTF-8, without a copy.
    pub fn argument(bytes: Vec<u8>) -> String {
        match String::from_utf8(bytes) {
            Ok(text) if payload(&text).is_none() => text,
            Ok(text) => encode(DATA_URL, text.as_bytes()),
            Err(error) => encode(DATA_URL, error.as_bytes()),
        }
    }

    /// The value of an argument that is read as the start of this message and the hashes of its body. The hashes have a
    /// message authentication code of this process: from anyone else they would let a forged body pass.
    pub(crate) fn start_argument(start: &[u8], whole: &WholeMessage) -> String {
        let parameters = whole.parameters();
        let code = code_key().map(|key| hmac::sign(key, &signed_text(start, &parameters)));
        let code = code.map_or(String::new(), |code| HEXLOWER.encode(code.as_ref()));
        let head = format!("{START_URL}{parameters};{CODE}{code};base64,");
        encode(&head, start)
    }
}

impl WholeMessage {
    /// Parameters of the data URL's media type.
    fn parameters(&self) -> String {
        let Self {
            size,
            digest,
            body_hashes,
        } = self;
        let hashes = body_hashes.as_ref().map(|hashes| format!(";body={hashes}"));
        format!("size={size};sha256={digest}{}", hashes.unwrap_or_default())
    }

    /// Reads the head of a data URL with the start of a message. `None` if it is another one, or was not made by this
    /// process.
    fn read(url: &str, start: &[u8]) -> Option<Self> {
        let url = url.get(..url.len().min(MAX_URL_HEAD))?;
        let (media_type, _) = url.split_once(',')?;
        let (parameters, code) = media_type
            .strip_prefix(START_URL)?
            .strip_suffix(";base64")?
            .rsplit_once(';')?;
        let code = HEXLOWER.decode(code.strip_prefix(CODE)?.as_bytes()).ok()?;
        hmac::verify(code_key()?, &signed_text(start, parameters), &code).ok()?;

        let value = |name: &str| {
            let mut values = parameters.split(';');
            values.find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))
        };
        Some(Self {
            size: value("size")?.parse().ok()?,
            digest: value("sha256")?.to_owned(),
            body_hashes: value("body").map(str::to_owned),
        })
    }
}

/// Key of the codes of this process; `None` without random numbers, then no code is accepted.
fn code_key() -> Option<&'static hmac::Key> {
    static KEY: LazyLock<Option<hmac::Key>> =
        LazyLock::new(|| hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok());
    KEY.as_ref()
}

fn signed_text(start: &[u8], parameters: &str) -> Vec<u8> {
    [parameters.as_bytes(), b"\n", start].concat()
}

fn encode(head: &str, bytes: &[u8]) -> String {
    let length = BASE64.encode_len(bytes.len());
    let mut url = String::with_capacity(head.len() + length);
    url.push_str(head);
    BASE64.encode_append(bytes, &mut url);
    url
}

/// The base64 of a data URL of any media type; `None` if the text is not one.
fn payload(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("data:")?;
    let comma = rest
        .bytes()
        .take(MAX_URL_HEAD)
        .position(|byte| byte == b',')?;
    let media_type = rest[..comma].strip_suffix(";base64")?;
    (media_type.contains('/') && !media_type.contains(char::is_whitespace))
        .then_some(&rest[comma + 1..])
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.rest {
            Some(WholeMessage { size, digest, .. }) => {
                serializer.collect_str(&format_args!("{size} bytes, SHA-256 {digest}"))
            }
            None => {
                let digest = ring::digest::digest(&ring::digest::SHA256, &self.bytes);
                let digest = HEXLOWER.encode(digest.as_ref());
                let size = self.bytes.len();
                serializer.collect_str(&format_args!("{size} bytes, SHA-256 {digest}"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let Some(payload) = payload(&text) else {
            return Ok(Self {
                bytes: text.into_bytes(),
                rest: None,
            });
        };
        let bytes = BASE64
            .decode(payload.trim_end().as_bytes())
            .map_err(|error| {
                D::Error::custom(format!("the data URL is not valid base64: {error}"))
            })?;
        let rest = WholeMessage::read(&text, &bytes);
        Ok(Self { bytes, rest })
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
    fn whole() -> WholeMessage {
        WholeMessage {
            size: 1 << 20,
            digest: "00".repeat(32),
            body_hashes: Some("relaxed-sha256/00".into()),
        }
    }

    #[test]
    fn the_start_of_a_large_message_keeps_what_is_known_of_the_whole() {
        for body_hashes in [
            Some("relaxed-sha256/00".to_owned()),
            Some(String::new()),
            None,
        ] {
            let whole = WholeMessage {
                body_hashes,
                ..whole()
            };
            let argument = Message::start_argument(b"From: \xfc\n\nb", &whole);
            let message: Message = serde_json::from_value(argument.into()).expect("a message");
            assert_eq!(message.bytes, b"From: \xfc\n\nb");
            assert_eq!(message.rest, Some(whole));
            let shown = serde_json::to_value(message).expect("text");
            assert_eq!(shown, format!("1048576 bytes, SHA-256 {}", "00".repeat(32)));
        }
    }

    #[test]
    fn hashes_that_another_made_are_ignored() {
        let argument = Message::start_argument(b"From: a\n\nb", &whole());
        for (from, to) in [
            ("sha256/00", "sha256/01"),
            ("size=1048576", "size=1048577"),
            ("RnJv", "RnJw"),
            ("code=", "code=00"),
            ("text/rfc822-headers", "message/rfc822"),
        ] {
            let forged = argument.replacen(from, to, 1);
            assert_ne!(forged, argument);
            let message: Message = serde_json::from_value(forged.into()).expect("a message");
            assert_eq!(message.rest, None, "{to}");
        }
    }
}
