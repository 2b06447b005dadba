//! The OpenAPI document and the documentation page, rendered at startup.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use netvane_core::Engine;

use crate::{
    app::App, docs, openapi, page, response::http_cache::StaticDocument, site::DEFAULT_ORIGIN,
};

const HTML: &str = "text/html; charset=utf-8";

/// The OpenAPI document and the documentation page, rendered at startup.
pub(crate) struct ApiDescription {
    openapi: StaticDocument,
    /// The documentation page in HTML, with examples for `http.public_url` or [`DEFAULT_ORIGIN`].
    docs: String,
}

impl ApiDescription {
    /// Renders both from the registry; `public_url` may be empty.
    pub(crate) fn new(engine: &Engine, public_url: &str) -> Self {
        let openapi = serde_json::to_string(&openapi::document(engine.registry(), public_url));
        Self {
            openapi: StaticDocument::new("application/json", openapi.unwrap_or_default()),
            docs: docs::page(engine.registry(), public_url).into_string(),
        }
    }

    /// Returns the documentation page with examples for the service at `origin`.
    fn docs_at(&self, origin: &str) -> String {
        self.docs.replace(DEFAULT_ORIGIN, origin)
    }
}

/// Handles `GET /openapi.json`: serves the OpenAPI document.
pub(crate) async fn openapi(
    State(api_description): State<Arc<ApiDescription>>,
    headers: HeaderMap,
) -> Response {
    api_description.openapi.respond(&headers)
}

/// Handles `GET /docs`: serves the documentation page. Without `http.public_url` its examples are for
/// the host of the request.
pub(crate) async fn docs(
    State((api_description, app)): State<(Arc<ApiDescription>, App)>,
    headers: HeaderMap,
) -> Response {
    let docs = api_description.docs_at(&app.pages.origin(&headers));
    page::with_policy(StaticDocument::new(HTML, docs).respond(&headers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Pages;
    use axum::http::header;
    use netvane_core::settings::Settings;

    /// The documentation page as a client sees it that requests it with this `Host` field.
    fn docs_of(public_url: &str, host: &str) -> String {
        let engine = Engine::new(&Settings::default()).expect("an engine");
        let host = host.parse().expect("a field value");
        let headers = HeaderMap::from_iter([(header::HOST, host)]);
        ApiDescription::new(&engine, public_url).docs_at(&Pages::new(public_url).origin(&headers))
    }

    #[test]
    fn examples_name_the_host_of_the_request_unless_the_public_url_is_set() {
        let long = "a".repeat(300);
        for (public_url, host, expected) in [
            ("", "netvane.test:81", "http://netvane.test:81"),
            ("", "[::1]:8080", "http://[::1]:8080"),
            ("", "a'$(id)<b>", DEFAULT_ORIGIN),
            ("", &long, DEFAULT_ORIGIN),
            (
                "https://netvane.example/",
                "netvane.test",
                "https://netvane.example",
            ),
        ] {
            let page = docs_of(public_url, host);
            let example = format!("curl '{expected}/v1/commands/mx?domain=example.com'");
            assert!(page.contains(&example), "{host}");
            assert!(!page.contains("<b>"), "{host}");
            assert_eq!(
                page.contains(DEFAULT_ORIGIN),
                expected == DEFAULT_ORIGIN,
                "{host}"
            );
        }
    }
}
