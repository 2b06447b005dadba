//! The API keys and signing secrets in force, and reading credentials from a request's header
//! fields.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::{HeaderMap, header};
use netvane_core::{
    Failure, UsageError,
    settings::{
        self, Secret,
        keys::{ApiKeys, Scope},
    },
};
use tokio::sync::watch;

use super::{
    admitted::Head,
    refusal::{Refusal, SEND_A_KEY},
    signature::Secrets,
};

/// Authentication schemes that a browser sends with every request to log in at a reverse proxy.
/// They are not meant for Netvane and therefore ignored.
const FOR_OTHERS: [&str; 3] = ["basic", "digest", "negotiate"];

/// API keys and signing secrets in force.
pub(crate) struct Gate {
    anonymous: bool,
    keys: ApiKeys,
    pub(crate) secrets: Secrets,
}

impl Gate {
    /// Builds the gate from settings that have been validated; fails if a key or secret does not
    /// parse.
    pub(crate) fn new(http: &settings::Http) -> std::io::Result<Self> {
        let invalid = |fault: String| std::io::Error::new(std::io::ErrorKind::InvalidInput, fault);
        Ok(Self {
            anonymous: http.anonymous,
            keys: ApiKeys::read(http.api_keys.iter().map(Secret::reveal)).map_err(invalid)?,
            secrets: Secrets::read(&http.inbound_secrets).map_err(invalid)?,
        })
    }

    /// Reads the credentials from a request's header fields. Fails if a credential is invalid, or
    /// if none is given and anonymous requests are not allowed.
    pub(crate) fn head(&self, headers: &HeaderMap) -> Result<Head, Refusal> {
        let head = Head {
            key: self.key(headers)?,
            signature: self.secrets.claimed(headers)?,
        };
        if head.key.is_none() && head.signature.is_none() && !self.anonymous {
            let or_sign = if self.secrets.is_empty() {
                ""
            } else {
                ", or sign the request (Standard Webhooks)"
            };
            return Err(Refusal::unauthorized(
                format!("authentication required: {SEND_A_KEY}{or_sign}"),
                None,
            ));
        }
        Ok(head)
    }

    /// Returns the name of the API key in a request's header fields, if it is valid; counts nothing.
    pub(crate) fn valid_key(&self, headers: &HeaderMap) -> Option<String> {
        let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, given) = text.trim().split_once(' ')?;
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        let key = self.keys.find(given.trim()).filter(|_| is_bearer)?;
        Some(key.name.clone())
    }

    fn key(&self, headers: &HeaderMap) -> Result<Option<(String, Vec<Scope>)>, Refusal> {
        let mut lines = headers.get_all(header::AUTHORIZATION).iter();
        let Some(line) = lines.next() else {
            return Ok(None);
        };

        if lines.next().is_some() {
            let twice = UsageError::argument("`Authorization` is there twice; send one");
            return Err(Refusal::from(Failure::from(twice)));
        }

        let text = line.to_str().unwrap_or_default().trim();
        let (scheme, given) = text.split_once(' ').unwrap_or((text, ""));

        if FOR_OTHERS
            .iter()
            .any(|other| scheme.eq_ignore_ascii_case(other))
        {
            return Ok(None);
        }

        if !scheme.eq_ignore_ascii_case("bearer") {
            let how = format!("unknown scheme in `Authorization`: {SEND_A_KEY}");
            return Err(Refusal::unauthorized(how, Some("invalid_request")));
        }

        match self.keys.find(given.trim()) {
            Some(key) => Ok(Some((key.name.clone(), key.scopes.clone()))),
            None => {
                metrics::counter!("netvane_http_refused_total", "credential" => "key").increment(1);
                let why = if self.keys.is_empty() {
                    "no API keys are configured; omit the Authorization header".to_owned()
                } else {
                    format!(
                        "unknown or expired API key: {SEND_A_KEY}; the operator of this service issues them"
                    )
                };
                Err(Refusal::unauthorized(why, Some("invalid_token")))
            }
        }
    }
}

/// Applies the access settings each time they change; keeps the previous ones if the new ones are
/// invalid.
pub(crate) async fn follow(
    gate: Arc<ArcSwap<Gate>>,
    mut changing: watch::Receiver<settings::Http>,
) {
    while changing.changed().await.is_ok() {
        match Gate::new(&changing.borrow_and_update()) {
            Ok(new) => gate.store(Arc::new(new)),
            Err(error) => {
                tracing::error!(%error, "HTTP access settings not applied, keeping the previous ones")
            }
        }
    }
}
