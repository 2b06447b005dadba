//! Requests for tests.

use http::{HeaderMap, Method, Uri, Version};

use super::{Connection, Visit};

/// One with these header fields.
pub(crate) fn visit(peer: &str, headers: &[(&str, &str)]) -> Visit {
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        fields.append(name.parse::<http::HeaderName>().expect("a name"), value.parse().expect("a value"));
    }
    Visit {
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
    }
}
