//! What a receiver gets: a signed message in JSON (Standard Webhooks 1.0.0).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use netvane_core::{
    Failure, Problem, Reply,
    document::Severity,
    settings::{self, webhook_keys::SigningKey},
};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::schemas::AnyReply;

/// Upper bounds in bytes of title and summary where the reply itself is left out.
const MAX_TITLE: usize = 200;
const MAX_SUMMARY: usize = 500;

/// The body of a delivery; `data` is the same object that the API would have returned directly.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schemars(rename = "Message", description = "The body of a delivery.")]
pub(crate) enum DeliveryMessage<'a> {
    /// The lookup has a reply.
    Reply {
        /// When the reply was found.
        timestamp: Timestamp,
        data: DeliveredReply<'a>,
    },
    /// The lookup could not be completed.
    Error {
        /// When the lookup failed.
        timestamp: Timestamp,
        data: Problem<'a>,
    },
}

/// The reply in a delivery.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(description = "")]
pub(crate) enum DeliveredReply<'a> {
    /// The reply as a direct request for it gets it.
    Whole(#[schemars(with = "AnyReply")] &'a Reply),
    /// What is delivered of a reply that is too large.
    Summary(ReplySummary<'a>),
}

/// The summary of a reply of more than 64 KiB, or of one that is too large for a request without a
/// key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReplySummary")]
pub(crate) struct ReplySummary<'a> {
    /// Identifier of the reply, a ULID.
    id: &'a str,
    command: &'a str,
    severity: Severity,
    title: &'a str,
    /// The result in one sentence.
    summary: &'a str,
    /// URL of the whole reply, for 30 days; `null` where it could not be kept.
    result_url: Option<String>,
}

/// Serializes the summary of a reply; `None` if that has more than `most` bytes, too. A long title
/// or summary is truncated.
pub(super) fn summary_payload(
    reply: &Reply,
    result_url: Option<String>,
    timestamp: Timestamp,
    most: usize,
) -> Option<String> {
    let document = reply.rendition.document();
    let data = DeliveredReply::Summary(ReplySummary {
        id: &reply.id,
        command: reply.command,
        severity: document.severity,
        title: first_bytes(&document.title, MAX_TITLE),
        summary: first_bytes(&document.summary, MAX_SUMMARY),
        result_url,
    });
    let payload = serde_json::to_string(&DeliveryMessage::Reply { timestamp, data }).ok()?;
    (payload.len() <= most).then_some(payload)
}

/// Returns the start of a text, at most so many bytes.
fn first_bytes(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// Serializes the body to JSON. `timestamp` is when the lookup ended.
pub(super) fn payload(answer: &Result<Reply, Failure>, timestamp: Timestamp) -> String {
    let message = match answer {
        Ok(reply) => DeliveryMessage::Reply {
            timestamp,
            data: DeliveredReply::Whole(reply),
        },
        Err(failure) => DeliveryMessage::Error {
            timestamp,
            data: failure.problem(),
        },
    };
    serde_json::to_string(&message).unwrap_or_default()
}

/// Signs deliveries with every key in force.
pub(crate) struct Signer {
    keys: Vec<SigningKey>,
    /// Whether each receiver has a secret of its own.
    derive: bool,
}

impl Signer {
    /// Builds the signer from the settings; `None` if no key is set.
    pub(super) fn new(http: &settings::Http) -> Result<Option<Self>, String> {
        let keys = SigningKey::read_all(http.callback_secret.reveal())?;
        Ok((!keys.is_empty()).then_some(Self {
            keys,
            derive: http.callback_derive,
        }))
    }

    /// Returns the public keys of those that have one, `whpk_…`.
    pub(crate) fn public_keys(&self) -> Vec<String> {
        self.keys.iter().filter_map(SigningKey::public).collect()
    }

    /// Builds the header fields of an attempt that is made at this time; `None` if a value is not
    /// allowed in a header field.
    pub(super) fn headers(
        &self,
        id: &str,
        at: Timestamp,
        receiver: &Url,
        payload: &str,
    ) -> Option<HeaderMap> {
        let at = at.as_second().to_string();
        let signed = format!("{id}.{at}.{payload}");
        let signatures: Vec<String> = self
            .keys
            .iter()
            .map(|key| match key.derive(receiver).filter(|_| self.derive) {
                Some(derived) => derived.sign(signed.as_bytes()),
                None => key.sign(signed.as_bytes()),
            })
            .collect();

        let fields = [
            ("webhook-id", id),
            ("webhook-timestamp", &at),
            ("webhook-signature", &signatures.join(" ")),
            (header::CONTENT_TYPE.as_str(), "application/json"),
        ];
        let fields = fields.map(|(name, value)| {
            let value = HeaderValue::from_str(value).ok()?;
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        });
        fields.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use netvane_core::settings::webhook_keys::VerifyingKey;
    use ring::hmac;

    use super::*;

    fn signer(keys: &[String], derive: bool) -> Signer {
        Signer {
            keys: SigningKey::read_all(&keys.join(" ")).expect("keys"),
            derive,
        }
    }

    fn secret(byte: u8) -> String {
        format!("whsec_{}", BASE64.encode(&[byte; 24]))
    }

    #[test]
    fn signs_as_the_specification_says() {
        let at = Timestamp::from_second(1_674_087_231).expect("a time");
        let url = Url::parse("https://ops.example/hook").expect("a URL");
        let body =
            r#"{"type":"reply","timestamp":"2026-01-02T03:04:05Z","data":{"title":"bücher"}}"#;
        let headers = signer(&[secret(7)], false).headers("dlv_1", at, &url, body);
        let headers = headers.expect("signs");
        // `{msg_id}.{timestamp}.{payload}`, HMAC-SHA256, base64, after `v1,`.
        let signed = format!("dlv_1.1674087231.{body}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 24]);
        let tag = hmac::sign(&key, signed.as_bytes());
        assert_eq!(
            headers["webhook-signature"],
            format!("v1,{}", BASE64.encode(tag.as_ref()))
        );
        assert_eq!(headers["webhook-id"], "dlv_1");
        assert_eq!(headers["webhook-timestamp"], "1674087231");
        assert_eq!(headers["content-type"], "application/json");
    }

    #[test]
    fn every_key_signs_and_only_shared_secrets_are_derived() {
        let at = Timestamp::from_second(1).expect("a time");
        let url = Url::parse("https://ops.example/hook").expect("a URL");
        let private = format!("whsk_{}", BASE64.encode(&[9; 32]));
        let keys = [private, secret(7)];
        for derive in [false, true] {
            let signer = signer(&keys, derive);
            let headers = signer.headers("dlv_1", at, &url, "{}").expect("signs");
            let value = headers["webhook-signature"].to_str().expect("ASCII");
            let (first, second) = value.split_once(' ').expect("two");
            let verifies = |key: &str, signature: &str| {
                let key = VerifyingKey::read(key).expect("a key");
                key.verify(b"dlv_1.1.{}", signature)
            };
            assert!(verifies(&signer.public_keys()[0], first));
            assert_eq!(verifies(&secret(7), second), !derive);
            let derived = signer.keys[1].derive(&url).expect("a secret");
            assert_eq!(verifies(&derived.for_receiver(), second), derive);
        }
    }

    #[test]
    fn a_failed_lookup_is_delivered_as_an_error_message() {
        let at = "2026-01-02T03:04:05Z".parse().expect("a time");
        let payload = payload(&Err(Failure::Unavailable("not \"now\"".into())), at);
        let payload: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
        assert_eq!(
            (&payload["type"], &payload["timestamp"]),
            (&"error".into(), &"2026-01-02T03:04:05Z".into())
        );
        assert_eq!(
            (&payload["data"]["code"], &payload["data"]["status"]),
            (&"unavailable".into(), &503.into())
        );
        assert_eq!(payload["data"]["detail"], "not \"now\"");
    }
}
