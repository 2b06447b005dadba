//! The OpenAPI document and the documentation page, rendered once at startup.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use netvane_core::Engine;

use crate::{docs, openapi, page, response::http_cache::StaticDocument};

/// The OpenAPI document and the documentation page, rendered once at startup.
pub(crate) struct ApiDescription {
    openapi: StaticDocument,
    /// The documentation page in HTML.
    docs: StaticDocument,
}

impl ApiDescription {
    /// Renders both from the registry; `public_url` may be empty.
    pub(crate) fn new(engine: &Engine, public_url: &str) -> Self {
        let openapi = serde_json::to_string(&openapi::document(engine.registry(), public_url));
        let docs = docs::page(engine.registry(), public_url).into_string();
        Self {
            openapi: StaticDocument::new("application/json", openapi.unwrap_or_default()),
            docs: StaticDocument::new("text/html; charset=utf-8", docs),
        }
    }
}

/// Handles `GET /openapi.json`: serves the OpenAPI document.
pub(crate) async fn openapi(
    State(api_description): State<Arc<ApiDescription>>,
    headers: HeaderMap,
) -> Response {
    api_description.openapi.respond(&headers)
}

/// Handles `GET /docs`: serves the documentation page.
pub(crate) async fn docs(
    State(api_description): State<Arc<ApiDescription>>,
    headers: HeaderMap,
) -> Response {
    page::with_policy(api_description.docs.respond(&headers))
}
