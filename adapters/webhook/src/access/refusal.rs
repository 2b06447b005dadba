//! Refused requests: the reason, and the challenge that tells the client how to authenticate.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use netvane_core::{Failure, settings::keys::Scope};

use crate::response::problem;

/// How an API key is sent, at the end of a refusal.
pub(crate) const SEND_A_KEY: &str = "send an API key as `Authorization: Bearer nvk_…`";

/// Why a request was refused, and the `WWW-Authenticate` challenge to send with it, if any.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(super) failure: Box<Failure>,
    challenge: Option<String>,
}

impl Refusal {
    /// Returns a 401 refusal for missing or invalid credentials; `error` is the error code for a
    /// bad key (RFC 6750 §3.1).
    pub(crate) fn unauthorized(why: String, error: Option<&str>) -> Self {
        let error = error
            .map(|error| format!(", error=\"{error}\""))
            .unwrap_or_default();
        Self {
            failure: Failure::Unauthorized(why).into(),
            challenge: Some(format!("Bearer realm=\"netvane\"{error}")),
        }
    }

    /// Returns a 403 refusal for a key without the required scope.
    pub(super) fn out_of_scope(scope: Scope) -> Self {
        Self {
            failure: Failure::Forbidden(format!("this API key is not for `{scope}`")).into(),
            challenge: Some(format!(
                "Bearer realm=\"netvane\", error=\"insufficient_scope\", scope=\"{scope}\""
            )),
        }
    }

    /// Returns a 401 refusal for an invalid signature, and counts it.
    pub(super) fn unsigned(why: String) -> Self {
        metrics::counter!("netvane_http_refused_total", "credential" => "signature").increment(1);
        Self::unauthorized(why, None)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure: failure.into(),
            challenge: None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = problem::failure(&self.failure);
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::try_from(text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
