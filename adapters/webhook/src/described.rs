//! The API described to programs and to people, made once.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use netvane_core::Engine;

use crate::{docs, openapi, page, response::http_cache::StaticDocument};

/// Both descriptions.
pub(crate) struct Described {
    openapi: StaticDocument,
    /// The documentation page.
    docs: StaticDocument,
}

impl Described {
    /// From the registry; `public_url` may be empty.
    pub(crate) fn new(engine: &Engine, public_url: &str) -> Self {
        let openapi = serde_json::to_string(&openapi::document(engine.registry(), public_url));
        let docs = docs::page(engine.registry(), public_url).into_string();
        Self {
            openapi: StaticDocument::new("application/json", openapi.unwrap_or_default()),
            docs: StaticDocument::new("text/html; charset=utf-8", docs),
        }
    }
}

/// `GET /openapi.json`
pub(crate) async fn openapi(
    State(described): State<Arc<Described>>,
    headers: HeaderMap,
) -> Response {
    described.openapi.respond(&headers)
}

/// `GET /docs`
pub(crate) async fn docs(State(described): State<Arc<Described>>, headers: HeaderMap) -> Response {
    page::with_policy(described.docs.respond(&headers))
}
