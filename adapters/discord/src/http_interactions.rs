//! Interactions that Discord delivers as signed HTTP requests. They are answered with 202; the
//! response follows as a separate call to Discord, as for interactions from the gateway. So both
//! share one code path, and a response can be retried.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use netvane_chat::seconds;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use serenity::model::application::Interaction;

use crate::{
    bot::{Bot, NAME},
    interactions,
};

/// Largest request body in bytes, far above a form with a pasted mail or a message with all its
/// embeds.
const LARGEST: usize = 1 << 20;

/// Timeout for reading the request body; Discord gives up after 3 seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// Accepted difference of the clocks in seconds; older requests count as replays.
const TOLERANCE: u64 = 5 * 60;

/// The public key with which requests of one application are verified.
#[derive(Clone)]
pub(crate) struct VerificationKey(Arc<[u8]>);

impl VerificationKey {
    /// Parses the key as Discord's developer portal shows it: 64 hexadecimal digits.
    pub(crate) fn read(hexadecimal: &str) -> Option<Self> {
        bytes(hexadecimal)
            .filter(|bytes| bytes.len() == 32)
            .map(|bytes| Self(bytes.into()))
    }

    /// Returns whether Discord signed this request (Ed25519), within [`TOLERANCE`] of now.
    fn signed(&self, headers: &HeaderMap, body: &[u8], now: u64) -> bool {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let Some((signature, at)) = header("x-signature-ed25519")
            .and_then(bytes)
            .zip(header("x-signature-timestamp"))
        else {
            return false;
        };
        let message = [at.as_bytes(), body].concat();
        at.parse::<u64>()
            .is_ok_and(|at| at.abs_diff(now) <= TOLERANCE)
            && UnparsedPublicKey::new(&ED25519, &self.0)
                .verify(&message, &signature)
                .is_ok()
    }
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

pub(crate) fn router(bot: Bot, key: VerificationKey) -> Router {
    Router::new()
        .route("/hooks/discord", post(take))
        .with_state((bot, key))
}

async fn take(
    State((bot, key)): State<(Bot, VerificationKey)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, LARGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };

    if !key.signed(&headers, &body, seconds()) {
        return (StatusCode::UNAUTHORIZED, "not signed by Discord\n").into_response();
    }

    // A ping lacks fields that serenity's `Interaction` requires, so it is handled before parsing.
    match serde_json::from_slice::<Value>(&body) {
        Ok(event) if event["type"] == 1 => Json(json!({ "type": 1 })).into_response(),
        Ok(event) => match serde_json::from_value::<Interaction>(event) {
            Ok(interaction) => {
                bot.start(interactions::take(bot.clone(), interaction));
                StatusCode::ACCEPTED.into_response()
            }
            Err(error) => {
                tracing::warn!(adapter = NAME, %error, "could not parse an interaction");
                StatusCode::BAD_REQUEST.into_response()
            }
        },
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn signed(at: &str, body: &[u8], sent: &[u8], now: u64) -> bool {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
        let key = VerificationKey::read(&hex(pair.public_key().as_ref())).expect("a key");
        let signature = hex(pair.sign(&[at.as_bytes(), body].concat()).as_ref());
        let mut headers = HeaderMap::new();
        headers.insert("x-signature-timestamp", at.parse().expect("a header"));
        headers.insert("x-signature-ed25519", signature.parse().expect("a header"));
        key.signed(&headers, sent, now)
    }

    #[test]
    fn accepts_only_fresh_requests_signed_by_discord() {
        let at = NOW.to_string();
        assert!(signed(&at, b"{}", b"{}", NOW));
        assert!(signed(&at, b"{}", b"{}", NOW + TOLERANCE));
        assert!(!signed(&at, b"{}", b"{ }", NOW), "another body");
        assert!(!signed(&at, b"{}", b"{}", NOW + TOLERANCE + 1), "a replay");
        assert!(!signed("soon", b"{}", b"{}", NOW));
        let key = VerificationKey::read(&"00".repeat(32)).expect("any 32 bytes");
        assert!(
            !key.signed(&HeaderMap::new(), b"{}", NOW),
            "a request without a signature"
        );
    }

    #[test]
    fn rejects_keys_that_are_not_64_hexadecimal_digits() {
        for wrong in ["", "00", &"0".repeat(63), &"zz".repeat(32), &"é".repeat(32)] {
            assert!(VerificationKey::read(wrong).is_none(), "{wrong}");
        }
    }
}
