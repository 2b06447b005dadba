//! Authentication of slash commands: Slack signs them, the others send a shared token.

use axum::http::{HeaderMap, header};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use netvane_chat::seconds;
use netvane_core::{
    Failure, UsageError,
    settings::Secret,
    store::{Store, bucket::SLACK_REQUESTS},
};
use ring::hmac;
use subtle::ConstantTimeEq;

use super::{dialect::Dialect, form::Form};
use crate::access::signature::{is_current, once};

const SIGNATURE: &str = "x-slack-signature";
const TIMESTAMP: &str = "x-slack-request-timestamp";

/// The senders that may send slash commands.
pub(super) struct Senders {
    slack: Option<hmac::Key>,
    tokens: Vec<Secret>,
}

impl Senders {
    pub(super) fn new(slack: &Secret, tokens: &[Secret]) -> Self {
        let key = || hmac::Key::new(hmac::HMAC_SHA256, slack.reveal().as_bytes());
        Self {
            slack: slack.is_set().then(key),
            tokens: tokens.to_vec(),
        }
    }

    pub(super) fn are_expected(&self) -> bool {
        self.slack.is_some() || !self.tokens.is_empty()
    }

    /// Authenticates the sender and returns its platform and form. If there is a Slack signature,
    /// it must be valid; a token does not replace it. Each signature is accepted once, also across
    /// restarts.
    pub(super) async fn authenticate(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        store: &Store,
    ) -> Result<(Dialect, Form), Failure> {
        match &self.slack {
            Some(key) if headers.contains_key(SIGNATURE) || self.tokens.is_empty() => {
                let tag = verify(key, headers, body, seconds()).map_err(Failure::Unauthorized)?;
                claim(&tag, store).await?;
                Ok((Dialect::Slack, read(headers, body)?))
            }
            _ => {
                let form = read(headers, body)?;
                self.knows(headers, &form)?;
                Ok((Dialect::Other, form))
            }
        }
    }

    fn knows(&self, headers: &HeaderMap, form: &Form) -> Result<(), Failure> {
        let given = if headers.contains_key(header::AUTHORIZATION) {
            let line = once(headers, "authorization").map_err(UsageError::argument)?;
            line.split_once(' ')
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("token"))
                .map(|(_, it)| it)
        } else {
            None
        };
        let given = given.or(form.get("token")).unwrap_or_default().trim();
        // Compare all tokens, so that timing does not reveal which one is close.
        let known = self.tokens.iter().fold(false, |known, token| {
            bool::from(token.reveal().as_bytes().ct_eq(given.as_bytes())) | known
        });
        if known {
            Ok(())
        } else {
            Err(Failure::Unauthorized(
                "neither a signature of Slack's nor a token from `http.slash_tokens` is there"
                    .into(),
            ))
        }
    }
}

/// Verifies version 0 of Slack's signatures, HMAC-SHA256 over `v0:timestamp:body`, and returns the
/// signature.
fn verify(key: &hmac::Key, headers: &HeaderMap, body: &[u8], now: u64) -> Result<Vec<u8>, String> {
    let timestamp = once(headers, TIMESTAMP)?;
    let signature = once(headers, SIGNATURE)?;
    is_current(timestamp, now).map_err(|why| format!("`{TIMESTAMP}` {why}"))?;
    let tag = signature
        .strip_prefix("v0=")
        .ok_or("only version 0 of Slack's signatures is known: `v0=…`")?;
    let tag = HEXLOWER_PERMISSIVE
        .decode(tag.as_bytes())
        .unwrap_or_default();
    let signed = [&b"v0:"[..], timestamp.as_bytes(), b":", body].concat();
    hmac::verify(key, &signed, &tag).map_err(
        |_| "the signature does not match; is `http.slack_signing_secret` that of this app?",
    )?;
    Ok(tag)
}

/// Records a valid signature; fails if it was used before, or cannot be recorded.
async fn claim(tag: &[u8], store: &Store) -> Result<(), Failure> {
    match store
        .create(&SLACK_REQUESTS, &HEXLOWER.encode(tag), &true)
        .await
    {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Failure::Unauthorized("this request was used before".into())),
        Err(error) => {
            tracing::error!(%error, "slash command refused");
            Err(Failure::Unavailable(
                "slash commands cannot be checked at the moment; try again later".into(),
            ))
        }
    }
}

/// Whether a request is signed with this secret.
#[cfg(feature = "fuzzing")]
pub(super) fn is_signed(secret: &[u8], headers: &HeaderMap, body: &[u8], now: u64) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    verify(&key, headers, body, now).is_ok()
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Form, Failure> {
    let kind = once(headers, "content-type").map_err(UsageError::argument)?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    Form::read(kind, body).map_err(|fault| UsageError::argument(fault).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: u64 = 1_531_420_618;
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const TAG: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn check(
        senders: &Senders,
        pairs: &[(&'static str, &str)],
        body: &str,
        now: u64,
    ) -> Result<Vec<u8>, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a header"));
        }
        let key = senders.slack.as_ref().expect("a key");
        verify(key, &headers, body.as_bytes(), now)
    }

    #[tokio::test]
    async fn accepts_slacks_own_example_once() {
        let secret: Secret = serde_json::from_value(SECRET.into()).expect("a secret");
        let senders = Senders::new(&secret, &[]);
        let at = AT.to_string();
        let right = [(SIGNATURE, TAG), (TIMESTAMP, at.as_str())];
        let fault = |pairs: &[(&'static str, &str)], body: &str, now: u64| {
            check(&senders, pairs, body, now).expect_err("a fault")
        };
        assert!(fault(&right, &BODY.replace("text=", "text=x"), AT).contains("does not match"));
        assert!(fault(&right, BODY, AT + 301).contains("stale"));
        assert!(fault(&right, BODY, AT - 301).contains("ahead"));
        assert!(fault(&right[..1], BODY, AT).contains("missing"));
        assert!(fault(&[right[0], right[1], right[1]], BODY, AT).contains("twice"));
        assert!(fault(&[(SIGNATURE, "v1=00"), right[1]], BODY, AT).contains("version 0"));
        for tag in ["v0=", "v0=zz", "v0=a2114d57"] {
            assert!(
                fault(&[(SIGNATURE, tag), right[1]], BODY, AT).contains("does not match"),
                "{tag}"
            );
        }

        let store = Store::in_memory().expect("a store");
        let upper = TAG.to_uppercase().replace("V0", "v0");
        let mut claims = Vec::new();
        for tag in [TAG, &upper] {
            let pairs = [(SIGNATURE, tag), right[1]];
            let tag = check(&senders, &pairs, BODY, AT + 300).expect("signed");
            claims.push(
                claim(&tag, &store)
                    .await
                    .map_err(|failure| failure.to_string()),
            );
        }
        assert_eq!(claims[0], Ok(()));
        assert!(matches!(&claims[1], Err(why) if why.contains("was used before")));

        let full = Store::in_memory().expect("a store");
        full.set_limit(&SLACK_REQUESTS, 0);
        let refused = claim(&[1], &full).await.expect_err("cannot be recorded");
        assert_eq!(refused.code().1, 503);
    }
}
