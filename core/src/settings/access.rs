//! Checks the settings of access to the HTTP adapter before it starts. No error repeats a secret.

use url::Url;

use super::{Http, Secret};
use crate::settings::{keys::ApiKeys, webhook_keys::VerifyingKey};

/// Minimum length of a token in bytes; a shorter one could be guessed.
const SHORTEST: usize = 16;

pub(super) fn check(http: &Http, must: &mut impl FnMut(bool, &str)) {
    if let Err(fault) = ApiKeys::read(http.api_keys.iter().map(Secret::reveal)) {
        must(false, &format!("http.api_keys: {fault}"));
    }

    for (secret, number) in http.inbound_secrets.iter().zip(1..) {
        if let Err(fault) = VerifyingKey::read(secret.reveal()) {
            must(
                false,
                &format!("http.inbound_secrets: entry {number}: {fault}"),
            );
        }
    }

    let is_token =
        |text: &str| text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_graphic());
    let slack = &http.slack_signing_secret;

    must(
        !slack.is_set() || is_token(slack.reveal()),
        "http.slack_signing_secret: expected 32 hexadecimal characters (Slack: Basic Information, Signing Secret)",
    );
    must(
        http.slash_tokens
            .iter()
            .all(|token| is_token(token.reveal())),
        "http.slash_tokens: expected tokens of at least 16 characters without spaces (from Mattermost or Rocket.Chat)",
    );

    let all = http.cors_origins.iter().any(|origin| origin == "*");

    must(
        !all || http.cors_origins.len() == 1,
        "http.cors_origins: \"*\" means all origins and cannot be combined with others",
    );

    for origin in http.cors_origins.iter().filter(|origin| *origin != "*") {
        must(
            is_origin(origin),
            &format!(
                "http.cors_origins: `{origin}` is not an origin; expected e.g. https://dash.example in lower case, without a path or trailing slash"
            ),
        );
    }
}

/// Returns whether the text is an origin exactly as a browser writes it, because origins are
/// compared as text.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}

#[cfg(test)]
mod tests;
