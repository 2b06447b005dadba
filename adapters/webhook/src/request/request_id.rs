//! The request id, in the response and in the log: the client's own if valid, otherwise a new one.

use std::sync::Arc;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
};
use ulid::Ulid;

/// The header field that holds the request id.
pub(crate) const FIELD: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request that is being handled.
#[derive(Clone)]
pub(crate) struct Name(pub(crate) Arc<str>);

/// Sets the id of a request; returns the header field of the response that names it.
pub(crate) fn assign(request: &mut Request) -> Option<HeaderValue> {
    let given = request
        .headers()
        .get(FIELD)
        .and_then(|value| value.to_str().ok())
        .filter(|name| is_sane(name));
    let name: Arc<str> = given.map_or_else(|| Ulid::new().to_string().into(), Arc::from);
    let field = HeaderValue::from_str(&name);
    request.extensions_mut().insert(Name(name));
    field.ok()
}

/// Whether a client's id is safe to log: 1 to 128 letters, digits, `.`, `_` or `-`.
fn is_sane(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_safe_request_ids() {
        for name in ["a", "01J.-_Z", &"x".repeat(128)] {
            assert!(is_sane(name), "{name}");
        }
        for name in ["", "a b", "a/b", "é", "<script>", &"x".repeat(129)] {
            assert!(!is_sane(name), "{name}");
        }
    }
}
