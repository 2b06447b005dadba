//! HTTP caching: how long a client may cache the response to a `GET`, and whether it has changed.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use netvane_core::Reply;
use ring::digest::{Context, SHA256};
use serde_json::Value;

use super::form::Form;

/// Adds the caching header fields to the response to a `GET`, or turns it into a 304. Private
/// replies and those that are not fresh get no `Cache-Control` or `ETag` here.
pub(crate) fn with_cache_headers(
    response: Response,
    reply: &Reply,
    form: Form,
    request_headers: &HeaderMap,
    private: bool,
) -> Response {
    let seconds = reply.fresh_for.as_secs();
    if seconds == 0 || private {
        return with(response, header::VARY, "accept");
    }

    let tag = tag(reply, form);
    let unchanged = request_headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|known| knows(known, &tag));
    let response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        response
    };

    let response = with(
        response,
        header::CACHE_CONTROL,
        &format!("private, max-age={seconds}"),
    );

    with(with(response, header::VARY, "accept"), header::ETAG, &tag)
}

fn with(mut response: Response, name: header::HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Returns a weak entity tag (RFC 9110 §8.8.1). Replies with the same tag have the same content,
/// although their ids, elapsed times and remaining TTLs differ.
fn tag(reply: &Reply, form: Form) -> String {
    let mut digest = Context::new(&SHA256);
    digest.update(format!("{form:?} {} ", reply.command).as_bytes());
    digest.update(
        serde_json::to_string(&*reply.arguments)
            .unwrap_or_default()
            .as_bytes(),
    );
    let mut data = reply.rendition.finding.data();
    leave_out_ttls(&mut data);
    digest.update(data.to_string().as_bytes());
    format!("W/\"{}\"", HEXLOWER.encode(&digest.finish().as_ref()[..16]))
}

fn leave_out_ttls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| name != "ttl");
            members.values_mut().for_each(leave_out_ttls);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_ttls),
        _ => {}
    }
}

/// Whether an `If-None-Match` field contains the tag, by weak comparison (RFC 9110 §8.8.3.2).
fn knows(field: &HeaderValue, tag: &str) -> bool {
    let Ok(field) = field.to_str() else {
        return false;
    };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    field.trim() == "*" || field.split(',').any(|known| opaque(known) == opaque(tag))
}

/// A document that changes only with the program: clients cache it and revalidate.
pub(crate) struct StaticDocument {
    content_type: &'static str,
    body: Bytes,
    tag: String,
}

impl StaticDocument {
    pub(crate) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let digest = ring::digest::digest(&SHA256, &body);
        Self {
            content_type,
            tag: format!("\"{}\"", HEXLOWER.encode(&digest.as_ref()[..16])),
            body,
        }
    }

    /// Responds with the document, or with 304 if the client has it already.
    pub(crate) fn respond(&self, request_headers: &HeaderMap) -> Response {
        let unchanged = request_headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .any(|known| knows(known, &self.tag));
        let response = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let content_type = [(header::CONTENT_TYPE, self.content_type)];
            (content_type, self.body.clone()).into_response()
        };
        let response = with(response, header::CACHE_CONTROL, "no-cache");
        with(response, header::ETAG, &self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let tag = "W/\"ab\"";
        for known in ["*", "W/\"ab\"", "\"ab\"", "\"x\", W/\"ab\"", " * "] {
            assert!(knows(&HeaderValue::from_static(known), tag), "{known}");
        }
        for other in ["", "\"abc\"", "ab", "W/\"x\", \"y\"", "W/"] {
            assert!(!knows(&HeaderValue::from_static(other), tag), "{other}");
        }
    }

    #[test]
    fn tags_ignore_ttls_at_all_levels() {
        let mut data =
            serde_json::json!({"ttl": 3, "answers": [{"ttl": 2, "data": "x"}], "name": "ttl"});
        leave_out_ttls(&mut data);
        assert_eq!(
            data,
            serde_json::json!({"answers": [{"data": "x"}], "name": "ttl"})
        );
    }
}
