//! Sample requests for tests and fuzz targets.

use http::{HeaderMap, Method, Uri, Version};

use super::{Connection, HttpRequestInfo};

/// Builds a request with these header fields.
#[cfg(test)]
pub(crate) fn http_request(peer: &str, headers: &[(&str, &str)]) -> HttpRequestInfo {
    try_visit(peer, headers).expect("fields that can be sent")
}

/// Builds a request with these header fields; `None` if one cannot be sent.
pub(crate) fn try_visit(peer: &str, headers: &[(&str, &str)]) -> Option<HttpRequestInfo> {
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        fields.append(name.parse::<http::HeaderName>().ok()?, value.parse().ok()?);
    }
    Some(HttpRequestInfo {
        connection: Connection {
            peer: peer.parse().expect("a peer"),
            local: "192.0.2.80:80".parse().expect("an address"),
            relayed: None,
        },
        method: Method::GET,
        uri: Uri::from_static("/me"),
        version: Version::HTTP_11,
        headers: fields,
        for_others: false,
        id: None,
    })
}
