//! What a receiver gets: a signed message in JSON (Standard Webhooks 1.0.0).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use netvane_core::{Failure, Problem, Reply};
use schemars::JsonSchema;
use serde::Serialize;
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};

use crate::schemas::AnyReply;

/// The body of a delivery; `data` is the same object that the API would have returned directly.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schemars(rename = "Message", description = "The body of a delivery.")]
pub(crate) enum Message<'a> {
    /// The lookup has a reply.
    Reply {
        /// When the reply was found.
        timestamp: Timestamp,
        #[schemars(with = "AnyReply")]
        data: &'a Reply,
    },
    /// The lookup could not be completed.
    Error {
        /// When the lookup failed.
        timestamp: Timestamp,
        data: Problem<'a>,
    },
}

/// Serializes the body to JSON. `timestamp` is when the lookup ended.
pub(super) fn payload(answer: &Result<Reply, Failure>, timestamp: Timestamp) -> String {
    let message = match answer {
        Ok(data) => Message::Reply { timestamp, data },
        Err(failure) => Message::Error {
            timestamp,
            data: failure.problem(),
        },
    };
    serde_json::to_string(&message).unwrap_or_default()
}

/// Builds the header fields of an attempt that is made at this time.
pub(super) fn headers(
    signer: &Webhook,
    id: &str,
    at: Timestamp,
    payload: &str,
) -> Result<HeaderMap, WebhookError> {
    let signature = signer.sign(id, at.as_second(), payload.as_bytes())?;
    let fields = [
        (HEADER_WEBHOOK_ID, id.to_owned()),
        (HEADER_WEBHOOK_TIMESTAMP, at.as_second().to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signature),
    ];
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in fields {
        let value = HeaderValue::from_str(&value).map_err(|_| WebhookError::InvalidHeader(name))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use ring::hmac;

    use super::*;

    #[test]
    fn signs_as_the_specification_says() {
        let key = [7; 24];
        let signer = Webhook::new(&format!("whsec_{}", BASE64.encode(&key))).expect("a secret");
        let at = Timestamp::from_second(1_674_087_231).expect("a time");
        let body =
            r#"{"type":"reply","timestamp":"2026-01-02T03:04:05Z","data":{"title":"bücher"}}"#;
        let headers = headers(&signer, "dlv_1", at, body).expect("signs");
        // `{msg_id}.{timestamp}.{payload}`, HMAC-SHA256, base64, after `v1,`.
        let signed = format!("dlv_1.1674087231.{body}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
        assert_eq!(
            headers["webhook-signature"],
            format!("v1,{}", BASE64.encode(tag.as_ref()))
        );
        assert_eq!(headers["webhook-id"], "dlv_1");
        assert_eq!(headers["webhook-timestamp"], "1674087231");
        assert_eq!(headers["content-type"], "application/json");
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
