//! What is done for each request before and after its handler, in one step: each layer of the router
//! boxes every request.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

use super::{http_request, request_id};
use crate::{access::OriginRules, app::App};

/// Header fields of responses that do not set them themselves.
const DEFAULTS: [(&str, &str); 3] = [
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
];

/// Names the request, notes whether a proxy sent it, and refuses it if it is not meant for this
/// service; then sets the header fields that all responses have.
pub(crate) async fn begin(
    State((app, origins)): State<(App, Arc<OriginRules>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id::assign(&mut request);
    let (mut parts, body) = request.into_parts();
    let refused = http_request(&mut parts).and_then(|http_request| {
        app.engine.runtime().note_forwarding(&http_request);
        origins.refuse(&http_request)
    });

    let mut response = match refused {
        Some(refused) => refused,
        None => next.run(Request::from_parts(parts, body)).await,
    };

    let fields = response.headers_mut();
    for (name, value) in DEFAULTS {
        let name = HeaderName::from_static(name);
        fields
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if let Some(id) = id {
        fields.insert(request_id::FIELD, id);
    }
    response
}
