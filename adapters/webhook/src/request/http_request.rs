//! Extracts the facts about a caller from an HTTP request.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::Response,
};
use netvane_core::{
    ProblemCode,
    request::http_request::{Connection, HttpRequestInfo},
};

use super::request_id::Name;
use crate::response::problem;

/// Facts about the HTTP request being handled and its caller.
pub(crate) struct Visited(pub(crate) Arc<HttpRequestInfo>);

impl<S: Send + Sync> FromRequestParts<S> for Visited {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        http_request(parts).map(Self).ok_or_else(|| {
            problem::plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                ProblemCode::Internal,
                "the connection is not known",
            )
        })
    }
}

/// Returns the facts about a request, and keeps them with it; `None` if it came over no connection
/// of the server.
pub(crate) fn http_request(parts: &mut Parts) -> Option<Arc<HttpRequestInfo>> {
    if let Some(known) = parts.extensions.get::<Arc<HttpRequestInfo>>() {
        return Some(known.clone());
    }

    let name = parts.extensions.get::<Name>();
    let http_request = Arc::new(HttpRequestInfo {
        connection: parts.extensions.get::<Connection>()?.clone(),
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        version: parts.version,
        headers: parts.headers.clone(),
        for_others: false,
        id: name.map(|Name(name)| name.clone()),
    });
    parts.extensions.insert(http_request.clone());
    Some(http_request)
}
