//! Functions for the fuzz targets in `tests/fuzz`, which are not public otherwise.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use data_encoding::{BASE64, HEXLOWER};
use netvane_core::request::http_request::Relayed;
use ring::hmac;

use crate::{access::signature::Secrets, request::proxy_protocol, slack};

/// The fixed current time in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;

/// Secret shared with the valid senders; the fuzzer does not know it.
const SECRET: [u8; 32] = [0x5a; 32];

/// Parses a PROXY protocol header and its length; `None` while the bytes may still become one.
pub fn proxied(seen: &[u8]) -> Option<Result<(Relayed, usize), String>> {
    proxy_protocol::relayed(seen)
}

/// The signature scheme to check.
#[derive(Debug, Clone, Copy)]
pub enum Signs {
    /// Standard Webhooks: id, timestamp, signatures.
    Webhook,
    /// Slack's scheme: a timestamp and a signature over it and the body.
    Slack,
}

impl Signs {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Webhook => &["webhook-id", "webhook-timestamp", "webhook-signature"],
            Self::Slack => &["x-slack-request-timestamp", "x-slack-signature"],
        }
    }

    /// Whether a request with these header field values, in order, is accepted as signed.
    pub fn take(self, values: &[&[u8]], body: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in self.fields().iter().zip(values) {
            let Ok(value) = HeaderValue::from_bytes(value) else {
                return false;
            };
            headers.append(HeaderName::from_static(name), value);
        }
        match self {
            Self::Webhook => Secrets::sharing(&SECRET).are_right(&headers, body, NOW),
            Self::Slack => slack::is_signed(&SECRET, &headers, body, NOW),
        }
    }

    /// Returns valid header field values for this body and, if the scheme has one, this id.
    pub fn sign(self, id: &str, body: &[u8]) -> Vec<String> {
        let (sha, now) = (hmac::HMAC_SHA256, NOW.to_string());
        let tag = |start: String| {
            hmac::sign(
                &hmac::Key::new(sha, &SECRET),
                &[start.as_bytes(), body].concat(),
            )
        };
        match self {
            Self::Webhook => {
                let tag = tag(format!("{id}.{now}."));
                vec![
                    id.to_owned(),
                    now,
                    format!("v1,{}", BASE64.encode(tag.as_ref())),
                ]
            }
            Self::Slack => {
                let tag = tag(format!("v0:{now}:"));
                vec![now, format!("v0={}", HEXLOWER.encode(tag.as_ref()))]
            }
        }
    }
}
