//! Cross-origin requests (CORS) from the origins that the settings allow.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may cache the result of a preflight request.
const KEPT: Duration = Duration::from_secs(600);

/// Builds the CORS layer for the API's paths; `None` if no other origin is allowed. Cookies are not
/// used: pages send their API key themselves.
pub(crate) fn cors(origins: &[String]) -> Option<CorsLayer> {
    let allowed = match origins {
        [] => return None,
        [all] if all == "*" => AllowOrigin::any(),
        listed => AllowOrigin::list(
            listed
                .iter()
                .filter_map(|origin| HeaderValue::try_from(origin).ok()),
        ),
    };

    let name = HeaderName::from_static;
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::OPTIONS])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::IF_NONE_MATCH,
            name("last-event-id"),
            name("webhook-id"),
            name("webhook-timestamp"),
            name("webhook-signature"),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            header::ETAG,
            header::LOCATION,
            header::WWW_AUTHENTICATE,
            name("x-request-id"),
        ])
        .max_age(KEPT);

    Some(layer)
}
