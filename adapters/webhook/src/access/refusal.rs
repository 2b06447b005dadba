//! Why someone may not ask, and how they could.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use netvane_core::{Failure, settings::keys::Scope};

use crate::response::problem;

/// Why someone may not, and how they could.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(super) failure: Box<Failure>,
    challenge: Option<String>,
}

impl Refusal {
    /// Who it is has to be shown, and was not; `error` as RFC 6750 §3.1 names what is wrong with a key.
    pub(crate) fn unauthorized(why: String, error: Option<&str>) -> Self {
        let error = error
            .map(|error| format!(", error=\"{error}\""))
            .unwrap_or_default();
        Self {
            failure: Failure::Unauthorized(why).into(),
            challenge: Some(format!("Bearer realm=\"netvane\"{error}")),
        }
    }

    /// A key that is not for this.
    pub(super) fn out_of_scope(scope: Scope) -> Self {
        Self {
            failure: Failure::Forbidden(format!("this API key is not for `{scope}`")).into(),
            challenge: Some(format!(
                "Bearer realm=\"netvane\", error=\"insufficient_scope\", scope=\"{scope}\""
            )),
        }
    }

    /// A signature that is wrong.
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
