//! Errors as `application/problem+json` (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use netvane_core::{Failure, Problem, ProblemCode};

/// Responds with the problem document of a failed lookup or an invalid request.
pub(crate) fn failure(failure: &Failure) -> Response {
    let problem = failure.problem();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, serde_json::to_string(&problem).unwrap_or_default());
    if let Some(after) = problem.retry_after_ms {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(after.div_ceil(1000)));
    }
    response
}

/// Responds with a problem document to a request that does not reach the engine.
pub(crate) fn plain(status: StatusCode, code: ProblemCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let problem = Problem::new(title, status.as_u16(), detail, code);
    respond(status, serde_json::to_string(&problem).unwrap_or_default())
}

fn respond(status: StatusCode, body: String) -> Response {
    let content_type = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
