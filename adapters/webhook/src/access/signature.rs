//! Signed requests (Standard Webhooks): the signature covers an id, a time and the body. Where there
//! is no body, as in a GET, path and query take its place.

use axum::http::HeaderMap;
use netvane_chat::seconds;
use netvane_core::{
    Failure,
    request::http_request::HttpRequestInfo,
    settings::{Secret, webhook_keys::VerifyingKey},
    store::{Store, bucket::SIGNED_REQUESTS},
};

use super::refusal::Refusal;

/// Largest accepted difference in seconds between a signature's timestamp and our clock; covers
/// clock skew and transit time.
pub(crate) const TOLERANCE: u64 = 300;

const LONGEST_ID: usize = 256;

const FIELDS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Most signatures in one request that are checked. A sender with several secrets sends one for
/// each.
const MOST_SIGNATURES: usize = 16;

/// The keys of all clients that sign their requests.
pub(crate) struct Secrets(Vec<VerifyingKey>);

/// The signature fields of a request, not yet verified against its body.
pub(crate) struct Signature {
    id: String,
    timestamp: String,
    /// Each with its version, such as `v1,BASE64`.
    tags: Vec<String>,
}

impl Secrets {
    pub(super) fn read(secrets: &[Secret]) -> Result<Self, String> {
        let keys = secrets
            .iter()
            .map(|secret| VerifyingKey::read(secret.reveal()));
        keys.collect::<Result<_, String>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the signature from a request's header fields; fails if it is malformed or too old.
    /// Ignores the fields if no signing secrets are configured.
    pub(super) fn claimed(&self, headers: &HeaderMap) -> Result<Option<Signature>, Refusal> {
        if self.is_empty() || FIELDS.iter().all(|name| !headers.contains_key(*name)) {
            return Ok(None);
        }
        Signature::read(FIELDS.map(|name| once(headers, name)), seconds())
            .map(Some)
            .map_err(Refusal::unsigned)
    }

    /// Builds a set with this secret only.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn sharing(secret: &[u8]) -> Self {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        Self(vec![VerifyingKey::Shared(key)])
    }

    /// Whether a request carries a valid signature over this body.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn are_right(&self, headers: &HeaderMap, body: &[u8], now: u64) -> bool {
        Signature::read(FIELDS.map(|name| once(headers, name)), now)
            .is_ok_and(|signature| self.matches_secret(&signature, body))
    }

    /// Verifies the signature of a request with this body with each of the keys, and refuses an id
    /// that was used before.
    pub(crate) async fn settle(
        &self,
        signature: &Signature,
        http_request: &HttpRequestInfo,
        body: &[u8],
        store: &Store,
    ) -> Result<(), Refusal> {
        let uri = &http_request.uri;
        let target = uri
            .path_and_query()
            .map_or(uri.path(), |both| both.as_str());
        self.settle_content(signature, content(target, body), store)
            .await
    }

    /// Verifies the signature over this content, and refuses an id that was used before.
    async fn settle_content(
        &self,
        signature: &Signature,
        content: &[u8],
        store: &Store,
    ) -> Result<(), Refusal> {
        if !self.matches_secret(signature, content) {
            return Err(Refusal::unsigned(
                "the signature does not match: it covers id.timestamp.body, with the body as it was sent, or with path and query where there is no body"
                    .into(),
            ));
        }

        match store.create(&SIGNED_REQUESTS, &signature.id, &true).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Refusal::unsigned(
                "this `webhook-id` was used before; each request needs a new one".into(),
            )),
            Err(error) => {
                tracing::error!(%error, "a signed request was refused");
                Err(Failure::Unavailable(
                    "signed requests cannot be checked at the moment; try again later".into(),
                )
                .into())
            }
        }
    }

    /// Whether any secret matches any signature. Compares every secret with every signature, so
    /// that timing does not reveal which one matches.
    fn matches_secret(
        &self,
        Signature {
            id,
            timestamp,
            tags,
        }: &Signature,
        body: &[u8],
    ) -> bool {
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let matches = self
            .0
            .iter()
            .flat_map(|key| tags.iter().map(move |tag| (key, tag)));
        matches.fold(false, |found, (key, tag)| key.verify(&signed, tag) | found)
    }
}

impl Signature {
    fn read([id, timestamp, tags]: [Result<&str, String>; 3], now: u64) -> Result<Self, String> {
        let (id, timestamp, tags) = (id?, timestamp?, tags?);
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(format!("`webhook-id` has 1 to {LONGEST_ID} characters"));
        }
        is_current(timestamp, now).map_err(|why| format!("`webhook-timestamp` {why}"))?;
        let tags = tags.split_ascii_whitespace().take(MOST_SIGNATURES);
        let tags: Vec<String> = tags
            .filter(|tag| tag.starts_with("v1,") || tag.starts_with("v1a,"))
            .map(str::to_owned)
            .collect();
        if tags.is_empty() {
            return Err(
                "`webhook-signature` has no signature of version 1, such as `v1,BASE64` or `v1a,BASE64`"
                    .into(),
            );
        }
        Ok(Self {
            id: id.into(),
            timestamp: timestamp.into(),
            tags,
        })
    }
}

/// Returns what a signature covers beside id and time: the body, or path and query where there is
/// none.
fn content<'c>(target: &'c str, body: &'c [u8]) -> &'c [u8] {
    if body.is_empty() {
        target.as_bytes()
    } else {
        body
    }
}

/// Checks that a Unix timestamp in seconds is within the tolerance; otherwise returns what is wrong
/// with it.
pub(crate) fn is_current(timestamp: &str, now: u64) -> Result<(), String> {
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let at: u64 = timestamp
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or("is not a time in whole seconds since 1970")?;
    match at.abs_diff(now) {
        0..=TOLERANCE => Ok(()),
        off if at < now => Err(format!(
            "is stale: {off} seconds old, where {TOLERANCE} are accepted"
        )),
        off => Err(format!(
            "lies {off} seconds ahead of this clock, where {TOLERANCE} are accepted"
        )),
    }
}

/// Returns the value of a header field that must occur exactly once; fails if it is missing,
/// repeated or not ASCII.
pub(crate) fn once<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, String> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line
            .to_str()
            .map(str::trim)
            .map_err(|_| format!("`{name}` is not plain ASCII")),
        (None, _) => Err(format!("`{name}` is missing")),
        _ => Err(format!("`{name}` is there twice")),
    }
}

#[cfg(test)]
mod tests;
