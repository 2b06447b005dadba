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
        // Each accepted connection has this extension.
        let connection = parts
            .extensions
            .get::<Connection>()
            .cloned()
            .ok_or_else(|| {
                problem::plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    ProblemCode::Internal,
                    "the connection is not known",
                )
            })?;

        Ok(Self(Arc::new(HttpRequestInfo {
            connection,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            headers: parts.headers.clone(),
            for_others: false,
            id: parts
                .extensions
                .get::<Name>()
                .map(|Name(name)| name.clone()),
        })))
    }
}
